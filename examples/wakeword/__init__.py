"""A wake-word detector ("hey computer"), trained on synthesised speech: a real search."""
