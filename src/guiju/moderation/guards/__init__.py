"""Guard models behind an endpoint: asked after the detectors, each failure visible (articles 4 and 14).

Nouns: Guard, Question, Verdict.
"""
