"""The room that looks for cells: a question, a ranking, and the evidence of one unit."""
