"""Where the service stands, article by article (article 19): controls are asked, evidence answers.

Nouns: Control, CheckResult, ObligationState, Override.
"""
