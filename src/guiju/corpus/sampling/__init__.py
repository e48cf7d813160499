"""The 5 % rule of a source, proven by a random sample that people judge (adr/0022)."""
