"""A small classifier of the 31 risks, on CPU, with weights that ship in the package.

Serves articles 4 and 14 of the Measures: it sees what no list of words can (a wish put into ordinary words), and by
itself refuses only where its precision is proven on data of another source than its training.

Nouns: Outputs (what is scored), View (one way to read a text: character pairs, sound, meaning), Scores, RiskTable (what
a score may lead to, risk by risk), Head (an operator's own classes).
"""
