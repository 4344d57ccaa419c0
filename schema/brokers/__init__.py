"""The members of the broker: where messages travel."""
