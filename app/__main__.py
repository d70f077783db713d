"""`python -m app` is the command `deskside`."""

from app.cli import main


main()
