"""What every room needs and no law speaks of: ids, clock, canonical JSON, errors, languages, logging. A closed list."""
