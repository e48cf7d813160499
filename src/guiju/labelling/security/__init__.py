"""Security data in a label: the producer's signature in `ReservedCode1` (TC260-PG-202511A), by exchangeable schemes."""
