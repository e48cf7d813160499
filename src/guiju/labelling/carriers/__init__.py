"""Where the implicit label stands in a file: one module for a family of formats, each behind `interface.py`."""
