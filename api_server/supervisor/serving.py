"""`serve` and `migrate` from the first check to the last farewell."""

import asyncio
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

from api_server.access.fault import AccessUnusable
from api_server.access.providers import providers_of
from api_server.embedded import EmbeddedServer
from api_server.logs import configure_logs
from api_server.settings import NO_AUTH, Settings
from api_server.supervisor.fault import BadAccess, BadDatabaseUrl, NoStandby
from api_server.supervisor.listening import address_of, listen, shared
from api_server.supervisor.readiness import bring_up_to_date, check_ready
from api_server.supervisor.recruits import Recruit
from api_server.supervisor.signals import interrupt_when_ended
from api_server.supervisor.workers import Workers


def serve(settings: Settings, recruits: list[Recruit], say: Callable[[str], None]) -> None:
    """Serve until a signal asks to stop, with these workers and as many more as are wanted. Raises StartupError, EmbeddedServerError or
    Unavailable when that is not possible."""
    configure_logs(settings)
    interrupt_when_ended()
    _check_access(settings)
    anybody = settings.allow_no_auth or settings.aaa_mode != NO_AUTH
    with listen(settings.host, settings.port, anybody=anybody) as first, shared(first, settings.workers) as listening:
        recruits += [Recruit() for _ in range(settings.workers - len(recruits))]
        with _database(settings) as (usable, server):
            if server is not None:
                asyncio.run(bring_up_to_date(usable))
            asyncio.run(check_ready(usable))
            workers = "1 worker" if settings.workers == 1 else f"{settings.workers} workers"
            where = f"embedded PostgreSQL in {settings.data_dir}" if server is not None else "the PostgreSQL of DATABASE_URL"
            sentence = f"Netweave serves {address_of(first)} with {workers} on {where}"
            asyncio.run(_run(usable, listening, recruits, lambda: say(sentence), server))


def migrate(settings: Settings, say: Callable[[str], None]) -> None:
    """Bring the database of DATABASE_URL, or the embedded one, up to this version."""
    interrupt_when_ended()
    with _database(settings) as (usable, _):
        before, after = asyncio.run(bring_up_to_date(usable))
    say(
        f"The database is at revision {after} already"
        if before == after
        else f"The database went from revision {before or 'none'} to {after}"
    )


async def _run(
    settings: Settings,
    listening: Sequence[socket.socket],
    recruits: list[Recruit],
    announce: Callable[[], None],
    server: EmbeddedServer | None,
) -> None:
    await Workers(settings, listening, recruits, announce).run(server.keep if server is not None else None)


def _check_access(settings: Settings) -> None:
    """What each worker will do, done once before there are any: what is wrong is then said before a database is touched."""
    try:
        providers_of(settings)
    except AccessUnusable as why:
        raise BadAccess(str(why)) from why


@contextmanager
def _database(settings: Settings) -> Iterator[tuple[Settings, EmbeddedServer | None]]:
    """The settings with a database in them, and the embedded server if it is one of ours."""
    for name in ("DATABASE_URL", "DATABASE_DIRECT_URL", "DATABASE_READ_URL"):
        url = getattr(settings, name.lower())
        if url and not _names_postgres(url):
            raise BadDatabaseUrl(name)
    if settings.database_read_url and not settings.database_url:
        raise NoStandby
    if settings.database_url:
        yield settings, None
        return
    with EmbeddedServer.start(settings.data_dir) as server:
        yield settings.model_copy(update={"database_url": server.dsn, "database_direct_url": server.dsn}), server


def _names_postgres(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    return parts.scheme in {"postgresql", "postgres"} and port != 0
