"""The browser's door: the chat page of end users, the console of those who answer for the service, and its JSON twin.

Thin: a page asks the rooms, shows their answers in Chinese or English, and knows no law of its own.
"""
