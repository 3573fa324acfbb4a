"""The window. It only shows: no torch, and no number a user might quote is computed here."""
