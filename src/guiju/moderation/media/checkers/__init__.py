"""One file a checker: each looks at one picture and says what it saw and read."""
