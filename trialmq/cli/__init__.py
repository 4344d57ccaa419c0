"""The command line: one file a command, and what they share to read and to show things."""
