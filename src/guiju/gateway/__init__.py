"""A conversation passes through here: authenticated, moderated both ways, labelled, evidenced (articles 4, 9, 11–14).

Nouns: Exchange, Stage, Upstream, App, ApiKey.
"""
