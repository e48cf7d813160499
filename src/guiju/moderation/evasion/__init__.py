"""Disguises for measuring: turns terms and texts into what people write to slip past a word list.

Used by the evaluation of moderation, never by moderation itself. Its tables and its choices are its own: what the views
of `guiju.text` undo is not what this does in reverse.
"""
