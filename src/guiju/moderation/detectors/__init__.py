"""What looks at a text and says what it sees; policy decides what that means."""
