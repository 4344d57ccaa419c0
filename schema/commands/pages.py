"""How much one answer may hold."""

PAGE_ROWS = 500
"""A page has at most so many rows, so that no answer is too large."""

PAGE_BYTES = 1024 * 1024
"""Nor has it more than this, unless a single row has."""
