"""The revision of a database against the migrations of this version, and the step from one to the other."""

import asyncio
import re
import sys

import asyncpg

from api_server.model.places import data_directory
from api_server.supervisor.fault import DatabaseAhead, DatabaseBehind, MigrationFailed

_REVISION = re.compile(r'^(down_)?revision = (?:"(\w+)"|None)$', re.MULTILINE)


async def upgrade(url: str) -> None:
    """Run every migration that the database lacks; MigrationFailed when one cannot be."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "api_server.migrating", stdin=asyncio.subprocess.PIPE)
    try:
        await process.communicate(f"{url}\n".encode())
    finally:
        if process.returncode is None:  # we are to end: so does the migration, as if it had never begun
            process.terminate()
            await process.wait()
    if process.returncode:
        raise MigrationFailed(process.returncode)


def newest() -> str:
    """The revision that this version writes: the one that no other follows."""
    followed = _migrations()
    (head,) = followed.keys() - followed.values()
    return head


async def revision_of(connection: "asyncpg.Connection[asyncpg.Record]") -> str | None:
    """The revision of a database; None for one that was never migrated."""
    if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
        return None
    revision: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
    return revision


def check_revision(database: str, current: str | None) -> None:
    """Raise unless the database is exactly where this version needs it: an older or newer one is not written to."""
    wanted = newest()
    if current == wanted:
        return
    check_known(database, current)
    raise DatabaseBehind(database, current, wanted)


def check_known(database: str, current: str | None) -> None:
    """Raise when a newer version has been at the database: this one cannot even migrate it."""
    if current is not None and current not in _migrations():
        raise DatabaseAhead(database, current)


def _migrations() -> dict[str, str]:
    """Each revision and the one before it, read as text: Alembic would load every migration, and SQLAlchemy before that."""
    found = {}
    for path in data_directory("migrations").glob("versions/*.py"):
        said = dict(_REVISION.findall(path.read_text(encoding="utf-8")))
        found[said[""]] = said["down_"]
    return found
