"""How good is a map? Measures that need no other map's opinion."""
