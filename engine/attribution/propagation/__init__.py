"""Ways back through a network other than its gradient: rules for torch's functions, and for its recurrent layers."""
