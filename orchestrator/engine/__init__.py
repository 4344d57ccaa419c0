"""What becomes of trials: pure decisions, handed events and a moment, changing only memory."""
