"""The migrations that a database lacks, run in a process of their own, so that a server whose database lacks none does without Alembic."""

import sys

from alembic import command
from alembic.config import Config

from api_server.model.places import data_directory


def upgrade(url: str) -> None:
    """Bring the tables up to this version, in one transaction."""
    config = Config()
    for option, value in (("script_location", str(data_directory("migrations"))), ("sqlalchemy.url", url)):
        config.set_main_option(option, value.replace("%", "%%"))  # Alembic interpolates its options
    command.upgrade(config, "head")


if __name__ == "__main__":
    # Not an argument: others could read the password in it.
    upgrade(sys.stdin.readline().rstrip("\n"))
