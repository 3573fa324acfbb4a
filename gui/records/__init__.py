"""Maps of records: field by field, over one row and over many."""
