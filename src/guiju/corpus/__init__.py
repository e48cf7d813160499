"""What the model is trained on: every source looked at before and after it is collected, every removal accounted for.

Serves articles 4(2), 7(1-4) and 19, and the clauses of GB/T 45654 and GB/T 45652 on training data. Documents are never
changed; what is found and what is decided stand in files of their own beside them.
Nouns: Document, SamplePlan, ReviewerDecision, Ruling.
"""
