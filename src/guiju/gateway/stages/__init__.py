"""The stages of an exchange, in order: authenticate, moderate the input, call, moderate the output, release."""
