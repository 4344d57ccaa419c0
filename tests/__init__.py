"""Tests are sentences; they wait for events, never for time."""
