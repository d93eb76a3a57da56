"""What a run stands on: an embedded PostgreSQL in a temporary directory, databases on it, and the server as users start it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from api_server.embedded import EmbeddedServer
from api_server.embedded.binaries import shipped
from tests.bench.pgbench import Pgbench
from tests.bench.shares import family
from tests.served import Postgres, served


@dataclass(frozen=True)
class Stage:
    """The PostgreSQL of a run."""

    postgres: Postgres
    directory: Path

    @property
    def log(self) -> Path:
        return self.directory / "data" / "postgres.log"

    @property
    def pgbench(self) -> Pgbench:
        return Pgbench(shipped().postgres.with_name("pgbench"), self.directory)

    def clone(self, template: str) -> str:
        """A new database like that one, which nobody may be using."""
        return self.postgres.make(name_of(template))

    @property
    def postmaster(self) -> int:
        """The process of PostgreSQL that is above all others of it."""
        return int((self.directory / "data" / "cluster" / "postmaster.pid").read_text().split()[0])

    def processes(self) -> list[int]:
        """Those of PostgreSQL."""
        return family(self.postmaster)

    def logged(self, start: int) -> str:
        """What was written to the log since it had so many bytes."""
        with self.log.open() as log:
            log.seek(start)
            return log.read()

    async def log_statements(self, database: str, level: str = "all") -> None:
        """Let the sessions that begin on this database log every statement, or "none"; the API's own role may not do that."""
        session = await asyncpg.connect(superuser_of(self.postgres.url))
        await session.execute(f"ALTER DATABASE {name_of(database)} SET log_statement = '{level}'")
        await session.close()


@dataclass(frozen=True, slots=True)
class Target:
    """Something that serves HTTP: its address and its processes."""

    url: str
    pids: tuple[int, ...]


def superuser_of(database: str) -> str:
    """The same database, as who may do more there than the server's own role."""
    return database.replace("//netweave@", "//postgres@")


def name_of(database: str) -> str:
    """The name in a database's URL."""
    return urlsplit(database).path[1:]


@contextmanager
def embedded(directory: Path) -> Iterator[Stage]:
    with EmbeddedServer.start(directory / "data") as server:
        yield Stage(Postgres(server.dsn), directory)


@contextmanager
def api(database: str, workers: int = 1) -> Iterator[Target]:
    """The server, ready: the process that was started and its workers."""
    with served("--workers", workers, DATABASE_URL=database) as server:
        yield Target(server.url, tuple(family(server.process.pid)))
