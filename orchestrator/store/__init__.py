"""The truth: one SQLite database, one writer."""
