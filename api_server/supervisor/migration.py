"""The revision of a database against the migrations of this version, and the step from one to the other."""

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from api_server.model.places import data_directory
from api_server.supervisor.fault import DatabaseAhead, DatabaseBehind


def upgrade(url: str) -> None:
    """Run every migration that the database lacks."""
    command.upgrade(_config(url), "head")


def newest() -> str:
    """The revision that this version writes."""
    head = ScriptDirectory.from_config(_config("")).get_current_head()
    assert head is not None, "a version without migrations is not released"
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
    known = {script.revision for script in ScriptDirectory.from_config(_config("")).walk_revisions()}
    if current is not None and current not in known:
        raise DatabaseAhead(database, current)


def _config(url: str) -> Config:
    config = Config()
    for option, value in (("script_location", str(data_directory("migrations"))), ("sqlalchemy.url", url)):
        config.set_main_option(option, value.replace("%", "%%"))  # Alembic interpolates its options
    return config
