"""C2PA manifests: what other software says of where content comes from, read; and our own, signed last.

No law of ours asks for them; readers abroad do. Nouns: manifest, Sealed, ProvenanceReading.
"""
