"""Finding the provision that a question is about: references read first, then BM25 over segmented Chinese.

Nouns: Vocabulary, Reference, Concept, Match.
"""
