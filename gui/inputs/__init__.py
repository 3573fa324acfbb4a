"""What is to be explained, as it is typed or chosen: one file for each kind of input."""
