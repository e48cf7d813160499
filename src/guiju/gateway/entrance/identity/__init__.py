"""Tokens by which users prove who they are (OpenID Connect), and the keys that their issuers sign with."""
