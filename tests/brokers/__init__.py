"""One conformance suite for every member of `schema.broker.Broker`."""
