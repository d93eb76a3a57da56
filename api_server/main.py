"""One worker: the application on uvicorn, on a socket that its parent opened."""

import asyncio
import signal
import socket
import sys
import threading
from typing import Any

import uvicorn
from fastapi import FastAPI
from typing_extensions import override

from api_server.access.fault import AccessUnusable
from api_server.app import create_app
from api_server.logs import configure_logs
from api_server.model.quota import UnknownQuota
from api_server.settings import Settings

# Seconds that a caller has to take the end of an answer when the server stops.
GRACE = 3.0


class Server(uvicorn.Server):
    """Ends the streams before it waits for the requests to end: a stream ends only when it is told."""

    def __init__(self, app: FastAPI, **options: Any) -> None:
        super().__init__(uvicorn.Config(app, **options))
        self._app = app

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            _tell_parent("ready")

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


def run_worker(settings: Settings, listening: socket.socket, drain: int) -> None:
    """Serve until asked to stop by SIGTERM, or by the parent's end, which closes our input. Settings that do not fit together are told."""
    configure_logs(settings)
    try:
        app = create_app(settings)
    except (AccessUnusable, UnknownQuota) as why:
        _tell_parent(str(why))
        sys.exit(1)
    server = Server(
        app,
        loop="uvloop",
        http="httptools",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,  # longer than clients keep an idle connection: one that we close may be in use again already
        timeout_graceful_shutdown=drain,
    )
    # uvicorn raises the signal once more when it is done; by then it has been obeyed.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    threading.Thread(target=_stop_with_parent, args=(server,), daemon=True).start()
    server.run(sockets=[listening])
    if not server.started:
        sys.exit(3)


def _tell_parent(word: str) -> None:
    """On standard output, where nobody else says anything."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def _stop_with_parent(server: uvicorn.Server) -> None:
    sys.stdin.read()
    server.should_exit = True


if __name__ == "__main__":
    # All is loaded; the parent tells the settings when the database is ready, or ends.
    if told := sys.stdin.readline():
        run_worker(Settings.model_validate_json(told), socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]))
