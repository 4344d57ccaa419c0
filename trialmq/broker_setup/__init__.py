"""What a RabbitMQ broker needs before the first process connects, and how it gets it."""
