"""The room Attention: every head at a glance, one map as matrix, as lines, and on the text."""
