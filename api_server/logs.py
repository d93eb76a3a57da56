"""Where the server's own words go: to standard error, from the chosen level up; standard output is for what a command answers."""

import logging
import sys

import structlog

from api_server.settings import Settings


def configure_logs(settings: Settings) -> None:
    """For this process."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(level), logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    logging.basicConfig(level=max(level, logging.WARNING), format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
