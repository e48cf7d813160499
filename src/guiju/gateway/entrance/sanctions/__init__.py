"""Measures against users who use the service for what is illegal (article 14, second paragraph), and their end.

The four that the article names: to warn, to limit functions, to suspend, to terminate. Who imposes them is behind a
port (`interface.py`): until a room for cases does, this room's own small register.
"""
