"""What a map looks like in every medium: cells, colours, numerals and words, without Qt."""
