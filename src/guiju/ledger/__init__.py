"""The evidence ledger: append, prove, erase, verify. Serves every article that asks for records, and article 19 above all.

Nouns: Draft, Head, Entry, Receipt, Checkpoint, Proof, Bundle, Verification.
"""
