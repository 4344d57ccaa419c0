"""The page; it knows the client, never the engine."""
