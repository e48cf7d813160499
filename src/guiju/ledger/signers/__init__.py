"""Who signs the ledger's checkpoints: Ed25519 by default; another algorithm is another file beside it."""
