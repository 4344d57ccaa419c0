"""Profiles as the page shows them. Pure."""
