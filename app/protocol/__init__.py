"""The wire: pure, no I/O."""
