"""Maps over pictures: one beside another, on one scale and at one zoom."""
