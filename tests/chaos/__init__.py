"""The fault matrix with real processes: `make chaos` runs all of it and prints one table."""
