"""What Alembic's commands need to work on a connection."""

from pathlib import Path

from alembic.config import Config
from sqlalchemy import Connection


def config_for(connection: Connection | None = None) -> Config:
    """Return a configuration for the migrations beside this file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
