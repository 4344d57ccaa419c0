"""The log as rows that can be searched. Pure."""
