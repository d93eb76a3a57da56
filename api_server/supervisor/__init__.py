"""The parent process of a server: it makes the database ready, starts the workers and keeps them running."""

from api_server.supervisor.fault import StartupError
from api_server.supervisor.serving import migrate, serve

__all__ = ["StartupError", "migrate", "serve"]
