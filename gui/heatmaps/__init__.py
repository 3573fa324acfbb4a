"""Values drawn on what they belong to."""
