"""The parts of the RabbitMQ member: one connection, what keeps it alive, what goes over it."""
