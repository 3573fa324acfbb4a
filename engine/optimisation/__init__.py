"""Inputs made to order: what makes an output or a unit fire."""
