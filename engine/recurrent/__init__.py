"""Recurrent layers from the inside: every gate and state, and what happens when cells are held still."""
