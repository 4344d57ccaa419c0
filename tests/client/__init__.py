"""The client against the real service, over the in-process broker."""
