"""Measuring moderation on labelled texts: precision, recall and F1 with intervals, by risk, evasion and group.

Serves GB/T 45654's demand that what is said of a filter can be shown. Nouns: Labelled (a text with what is known of
it), Judged (what was said about it), Report.
"""
