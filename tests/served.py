"""What the tests run on: a PostgreSQL, databases cloned from a migrated template, and servers as processes of their own."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Postgres:
    """A PostgreSQL on which databases may be made; `url` names one of them."""

    url: str

    def make(self, template: str = "template1") -> str:
        """A new database, a copy of the template; its URL."""
        name = f"netweave_test_{uuid4().hex[:12]}"
        run(self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
        return urlsplit(self.url)._replace(path=f"/{name}").geturl()

    def drop(self, url: str) -> None:
        statement = f'DROP DATABASE IF EXISTS "{urlsplit(url).path[1:]}"'
        try:
            run(self._execute(f"{statement} WITH (FORCE)"))
        except asyncpg.InsufficientPrivilegeError:
            # An autovacuum is at it, which is not ours to force; without force the server ends it itself.
            run(self._execute(statement))

    @cached_property
    def template(self) -> str:
        """The URL of a database that is migrated and bootstrapped, made when first asked for."""
        url = self.make()
        migrate(url)
        with served(DATABASE_URL=url):
            return url

    @contextmanager
    def database(self) -> Iterator[str]:
        """A database as a fresh server leaves it."""
        url = self.make(urlsplit(self.template).path[1:])
        yield url
        self.drop(url)

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@dataclass(frozen=True)
class Server:
    """`netweave serve` as a process, ready."""

    url: str
    process: subprocess.Popen[str]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send the signal and wait; the exit status."""
        self.process.send_signal(number)
        return self.process.wait(60)


def start(*arguments: object, **environment: str) -> Server:
    """A server on a free port, once it has said where. It is the caller's to stop."""
    process = command("serve", "--port", 0, *arguments, **environment)
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"http://\S+", line)
    if found is None:
        raise AssertionError(f"serve did not start: {line}{process.communicate()[1]}")
    for stream in (process.stdout, process.stderr):
        threading.Thread(target=_forward, args=(stream,), daemon=True).start()
    return Server(found[0], process)


@contextmanager
def served(*arguments: object, **environment: str) -> Iterator[Server]:
    """A server for as long as the block runs, which then ends well."""
    server = start(*arguments, **environment)
    try:
        yield server
    finally:
        status = server.stop()
    assert status == 0


def migrate(url: str) -> str:
    """Bring a database up to this version; what the command says."""
    process = command("migrate", DATABASE_URL=url)
    said, complaint = process.communicate(timeout=60)
    assert process.returncode == 0, complaint
    return said


def command(*arguments: object, **environment: str) -> subprocess.Popen[str]:
    """A command of the server as a user runs it, with an environment of its own."""
    outside = {name: value for name, value in os.environ.items() if "DATABASE" not in name and not name.startswith("NETWEAVE_")}
    return subprocess.Popen(
        [sys.executable, "-m", "api_server.commands", *map(str, arguments)],
        cwd=ROOT,
        env={**outside, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'clients'}", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run to the end on a loop and a thread of their own: a fixture has none, or somebody else's."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def _forward(stream: Any) -> None:
    """What a server says belongs to the test that fails; read, so that the server never waits for a reader."""
    with stream:
        for line in stream:
            sys.stderr.write(line)
