"""One worker: the application on uvicorn, on a socket that its parent opened."""

import asyncio
import gc
import signal
import socket
import sys
import threading
from contextlib import suppress
from typing import Any

import uvicorn
from fastapi import FastAPI
from typing_extensions import override

from api_server.access.fault import AccessUnusable
from api_server.app import create_app
from api_server.logs import configure_logs
from api_server.model.quota import UnknownQuota
from api_server.settings import Settings

# Seconds in which a server that is asked to stop ends the requests it has; its parent waits a little longer.
DRAIN = 20
LONGEST_SETTINGS = 65_536
# Seconds that a caller has to take the end of an answer when the server stops.
GRACE = 3.0


class Server(uvicorn.Server):
    """Ends the streams before it waits for the requests to end: a stream ends only when it is told."""

    def __init__(self, app: FastAPI, parent: socket.socket, **options: Any) -> None:
        super().__init__(uvicorn.Config(app, **options))
        self._app = app
        self._parent = parent

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # What is loaded stays: the collector need not walk through it, which would hold up whoever is asking for 0.1 s now and then.
        gc.freeze()
        gc.enable()
        if self.started:
            self._parent.sendall(b"ready\n")

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.state.server.feed.close()
        asyncio.get_running_loop().call_later(GRACE, self._abandon)
        await super().shutdown(sockets)

    def _abandon(self) -> None:
        """Cut off who does not take what was last sent."""
        for connection in self.server_state.connections:
            if connection.transport.is_closing():
                connection.transport.abort()


def run_worker(settings: Settings, listening: socket.socket, parent: socket.socket) -> None:
    """Serve until asked to stop by SIGTERM, or by the parent's end. Settings that do not fit together are told to the parent."""
    configure_logs(settings)
    try:
        app = create_app(settings)
    except (AccessUnusable, UnknownQuota) as why:
        parent.sendall(f"{why}\n".encode())
        sys.exit(1)
    server = Server(
        app,
        parent,
        loop="uvloop",
        http="httptools",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,  # longer than clients keep an idle connection: one that we close may be in use again already
        timeout_graceful_shutdown=DRAIN,
    )
    # uvicorn raises the signal once more when it is done; by then it has been obeyed.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    threading.Thread(target=_stop_with_parent, args=(server, parent), daemon=True).start()
    server.run(sockets=[listening])
    if not server.started:
        sys.exit(3)


def _stop_with_parent(server: uvicorn.Server, parent: socket.socket) -> None:
    with suppress(ConnectionError):
        parent.recv(1)
    server.should_exit = True


def main() -> None:
    """All is loaded; the parent tells the settings and hands over the socket when the database is ready, or ends."""
    parent = socket.socket(fileno=sys.stdin.fileno())
    told, handed, _, _ = socket.recv_fds(parent, LONGEST_SETTINGS, 1)
    if told:
        run_worker(Settings.model_validate_json(told), socket.socket(fileno=handed[0]), parent)
