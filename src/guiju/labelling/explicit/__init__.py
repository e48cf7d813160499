"""Explicit marks: what a person sees or hears and so knows that a machine made it (GB 45438-2025, 5)."""
