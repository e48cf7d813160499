"""Personal information in texts, found and redacted (articles 4(4) and 7(3) of the Measures).

Serves training data: what is in it is found with exact offsets, then redacted or given a pseudonym. Nouns: Finding.
"""
