"""A PostgreSQL and a streaming standby of it, both of the embedded programs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg

from api_server.embedded import EmbeddedServer
from api_server.embedded.cluster import directory_name
from api_server.embedded.home import prepare_home
from tests.served import run


@dataclass
class Pair:
    """A primary, and a standby that follows it."""

    directory: Path
    primary: EmbeddedServer
    standby: EmbeddedServer

    def pause(self) -> None:
        """From now on the standby receives what happens and does not show it."""
        run(ask(self.standby, "SELECT pg_wal_replay_pause()"))
        while run(ask(self.standby, "SELECT pg_get_wal_replay_pause_state()")) == "pause requested":
            pass

    def resume(self) -> None:
        run(ask(self.standby, "SELECT pg_wal_replay_resume()"))

    def promote(self) -> None:
        """It is a primary of its own from now on."""
        run(ask(self.standby, "SELECT pg_promote()"))

    def restart_standby(self) -> None:
        self.standby = EmbeddedServer.start(self.directory / "standby")


@contextmanager
def pair(directory: Path) -> Iterator[Pair]:
    with EmbeddedServer.start(directory / "primary") as primary:
        _let_follow(primary)
        _copy(primary, directory / "standby")
        found = Pair(directory, primary, EmbeddedServer.start(directory / "standby"))
        try:
            yield found
        finally:
            found.standby.stop()


async def ask(server: EmbeddedServer, question: str) -> Any:
    """As the superuser."""
    connection = await asyncpg.connect(server.dsn.replace("//netweave@", "//postgres@"))
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


def _let_follow(primary: EmbeddedServer) -> None:
    with (primary._home.cluster / "pg_hba.conf").open("a") as rules:
        rules.write("local replication all peer map=netweave\n")
    run(ask(primary, "SELECT pg_reload_conf()"))


def _copy(primary: EmbeddedServer, directory: Path) -> None:
    home = prepare_home(directory)
    home.account.make_directory(home.cluster)
    # As a directory of ours has it.
    (directory / "door.lock").touch()
    where = ["--host", parse_qs(urlsplit(primary.dsn).query)["host"][0], "--username", "postgres"]
    what = ["--pgdata", directory_name(home, home.cluster), "--write-recovery-conf", "--checkpoint", "fast", "--no-sync"]
    program = primary._programs().postgres.with_name("pg_basebackup")
    ran = home.account.run([str(program), *where, *what], cwd=home.cluster)
    assert ran.returncode == 0, ran.stderr
