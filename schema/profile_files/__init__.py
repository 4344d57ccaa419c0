"""Profiles as files: what is in one, and how it is written and read as TOML, JSON and YAML."""
