"""Views: a text as it would read if it had been written in one of the ways people use to slip past a word list.

Each view turns symbols into an alphabet of its own in which the disguised and the plain writing are the same (sounds,
parts of characters, shapes), so that one automaton over the terms in that alphabet finds both. All of it follows from a
bounded stretch of text, so that a stream sees what the whole text shows. Tables are built by tools/build_*_table*.py.
"""
