"""What a result looks like: one file a view, one way in, signals out."""
