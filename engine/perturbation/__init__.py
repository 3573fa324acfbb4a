"""The one masking engine behind every method that hides parts of the input."""
