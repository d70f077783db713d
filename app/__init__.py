"""Deskside: one-to-one video support."""

__version__ = "0.1.0"
