"""Where the server's own words go: to standard error, from the chosen level up; standard output is for what a command answers."""

import logging

from api_server.settings import Settings

# Every module's logger has its own name below this one.
OURS = "api_server"


def configure_logs(settings: Settings) -> None:
    """For this process. Of what libraries say, only what worries them."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    logging.basicConfig(level=max(level, logging.WARNING), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger(OURS).setLevel(level)
