"""The wire formats of guard models, one file each."""
