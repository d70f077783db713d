"""Deskside: one-to-one video support."""
