"""People look again: at what moderation was not sure of, and at every change of the keyword library.

Serves articles 4 and 14 (what must not be generated is found and stopped, and what need not be stopped is not) and
article 15 (complaints are taken, dealt with and answered), and the clauses of GB/T 45654 on the keyword library.
Nouns: ReviewItem, Verdict, Agreement, Change, Stage.
"""
