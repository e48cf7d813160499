"""The mark on what a machine made (article 12; the labelling measures; GB 45438-2025). For text and conversations so far."""
