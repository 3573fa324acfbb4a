"""Two of a kind side by side: models over the rows, checkpoints of a training, examples, slices."""
