"""The rules of a study, and what they say to samplers, runners and people."""
