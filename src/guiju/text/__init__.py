"""Reading text as a person would see it: normalised views with offsets into the original, and matching on them.

Serves article 14 of the Measures (illegal content is found and stopped) by giving the rooms above one view of a text
that spelling tricks do not change. Nouns: Normalised, Table, Matcher, PrefixTree.
"""
