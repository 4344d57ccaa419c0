"""Profiles: their names and edits, the files they are kept in, and what becomes of old ones."""
