"""Whether a database is one of ours, and how far it is."""

from sqlalchemy import bindparam, exists, select

from api_server.store.database import Connection
from api_server.store.statements import Statement
from api_server.store.tables import resource

# The bootstrap is one transaction: when one of its objects is there, all are.
_BOOTSTRAPPED = Statement(select(exists().where(resource.c.kind == bindparam("kind"))))


async def is_ready(connection: Connection) -> bool:
    """Whether the bootstrap of contract 6 has been committed."""
    return bool(await connection.fetchval(_BOOTSTRAPPED, kind="global-system-config"))
