"""What two processes must agree on: the words (configuration, trials, messages) and the channel (broker)."""
