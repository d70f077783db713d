"""Commands for developing and trying Deskside."""
