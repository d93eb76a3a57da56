"""PgBouncer in transaction mode before a test's PostgreSQL: a few connections that many share, each for one transaction at a time."""

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

from api_server.embedded.account import account_for

PORT = 6432
CONFIG = """
[databases]
* = {server}

[pgbouncer]
listen_addr =
listen_port = {port}
unix_socket_dir = {directory}
unix_socket_mode = 0777
auth_type = any
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 500
"""


@contextmanager
def pooled(program: str, url: str, size: int) -> Iterator[str]:
    """The URL of the same database through a pooler with so many connections to it."""
    with tempfile.TemporaryDirectory(prefix="pgbouncer-", dir="/tmp") as made:
        directory = Path(made)
        account = account_for(directory)
        account.make_directory(directory, 0o755)
        config = directory / "pgbouncer.ini"
        config.write_text(CONFIG.format(server=_server(url), port=PORT, directory=directory, size=size))
        config.chmod(0o644)
        with (directory / "log").open("wb") as log:
            process = account.launch([program, str(config)], cwd=directory, log=log)
        try:
            _wait(process, directory)
            yield urlsplit(url)._replace(netloc=f"{_user(url)}@", query=urlencode({"host": str(directory), "port": PORT})).geturl()
        finally:
            process.terminate()
            process.wait(30)


def _server(url: str) -> str:
    """How the pooler reaches PostgreSQL: as the URL says, whoever asks."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    known = {
        "host": parts.hostname or query.get("host", [""])[0],
        "port": parts.port or query.get("port", [""])[0],
        "user": _user(url),
        "password": parts.password,
    }
    return " ".join(f"{name}='{value}'" for name, value in known.items() if value)


def _user(url: str) -> str:
    parts = urlsplit(url)
    return parts.username or parse_qs(parts.query).get("user", ["postgres"])[0]


def _wait(process: subprocess.Popen[bytes], directory: Path) -> None:
    while True:
        assert process.poll() is None, (directory / "log").read_text()
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(directory / f".s.PGSQL.{PORT}"))
                return
        except OSError:
            time.sleep(0.02)
