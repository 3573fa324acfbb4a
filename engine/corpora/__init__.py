"""Text to read through: files, folders, and Python's own standard library."""
