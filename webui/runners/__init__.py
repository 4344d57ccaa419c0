"""Runners with their devices and what they hold, as rows. Pure."""
