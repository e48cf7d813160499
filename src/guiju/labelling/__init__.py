"""The mark on what a machine made (article 12; labelling measures; GB 45438-2025)."""
