"""Near-duplicates: candidates by MinHash, decisions only by exact comparison with a named survivor (adr/0023)."""
