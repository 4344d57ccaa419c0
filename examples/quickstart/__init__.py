"""The thirty lines of the README."""
