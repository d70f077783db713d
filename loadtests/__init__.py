"""What Deskside carries, measured."""
