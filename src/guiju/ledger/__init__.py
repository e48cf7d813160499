"""The evidence ledger: append, prove, erase, verify. Serves every article that asks for records, above all article 19.

Nouns: Draft, Head, Entry, Receipt, Checkpoint, Proof, Bundle, Verification.
"""
