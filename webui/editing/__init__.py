"""What a person is about to change, before it is sent: old and new, and when it takes effect."""
