"""The room Data: a table of examples, what the model says of each, and the way through its errors."""
