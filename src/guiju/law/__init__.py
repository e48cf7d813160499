"""The Measures and their implementing instruments as dated data: provisions, obligations, parameters, risks, applicability.

Nouns: Instrument, Provision, Obligation, Parameter, Risk, Profile, Outcome.
"""
