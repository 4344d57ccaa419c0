"""The asynchronous shell around the engine: hears runners and clients, stores, answers."""
