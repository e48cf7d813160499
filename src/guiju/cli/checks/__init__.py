"""What `guiju doctor` looks at."""
