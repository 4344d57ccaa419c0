"""What two processes must agree on: the words (configuration, messages) and the channel."""
