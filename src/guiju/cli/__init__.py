"""The terminal's door: `guiju`, one file a room, Chinese first and English beside it."""

from guiju.cli.app import main

__all__ = ["main"]
