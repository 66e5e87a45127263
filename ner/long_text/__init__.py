"""Texts longer than the window: cut into overlapping windows and joined again, in Python and in an exported graph."""
