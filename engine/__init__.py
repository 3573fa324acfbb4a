"""The engine: models, attributions and their numbers. It does not know that Qt exists."""

VERSION = "0.1.0"
