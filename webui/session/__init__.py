"""A training for real: its curves, its configuration as a form, its history, its thresholds."""
