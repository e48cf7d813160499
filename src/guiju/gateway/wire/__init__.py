"""The OpenAI chat-completions wire: hostile bytes in, typed requests out; typed answers in, bytes out. No I/O here."""
