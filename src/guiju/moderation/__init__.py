"""Harmful content is found and stopped before it is seen (articles 4 and 14; GB/T 45654 Appendix A and library).

Nouns: Term, Finding, Decision, PolicyBundle, Risk.
"""
