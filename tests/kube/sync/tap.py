"""A stretch of wire in front of the configuration API: tells what went over it, and holds a request when a test wants it to."""

import http.client
import json
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

WRITES = {"POST", "PUT", "DELETE"}
BULK = "/v2/bulk"
READS = {"/fqname-to-id", "/id-to-fqname", "/list-bulk-collection"}
DRY = "dry_run=true"


def _writes(method: str, path: str) -> bool:
    return method in WRITES and path not in READS and not path.endswith(DRY)


@dataclass
class Hold:
    """A request that is being waited for: it is taken, passed on only if that is said, and not answered."""

    method: str
    path: str
    skip: int
    passed_on: bool
    taken: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def takes(self, method: str, path: str) -> bool:
        if self.taken.is_set() or (method, path) != (self.method, self.path):
            return False
        self.skip -= 1
        return self.skip < 0


class Tap:
    """Passes requests on to the server at `target` and remembers them."""

    def __init__(self, target: str) -> None:
        self.target = urlsplit(target)
        self.asked: list[tuple[str, str]] = []
        self.done: list[tuple[str, str, Any]] = []  # the writes that were not refused, with their bodies
        self.holds: list[Hold] = []
        self.failure: int | None = None

    @property
    def writes(self) -> list[tuple[str, str]]:
        """The requests that may have changed something."""
        return [(method, path) for method, path in self.asked if _writes(method, path)]

    def made(self, operation: str) -> list[str]:
        """The kinds of what requests of many writes created, deleted or otherwise wrote, sorted."""
        entries = [entry for _, path, body in self.done if path == BULK for entry in body["resources"]]
        return sorted(entry["kind"] for entry in entries if entry["operation"] == operation)

    def clear(self) -> None:
        self.asked.clear()
        self.done.clear()

    def hold(self, method: str, path: str, *, skip: int = 0, passed_on: bool = False) -> Hold:
        """Hold the next such request, or one after some others; `passed_on`, hold back its answer only."""
        self.holds.append(Hold(method, path, skip, passed_on))
        return self.holds[-1]

    @contextmanager
    def failing(self, status: int) -> Iterator[None]:
        """Answer everything with this status meanwhile."""
        self.failure = status
        try:
            yield
        finally:
            self.failure = None

    @contextmanager
    def open(self) -> Iterator[str]:
        """The URL to use in place of the target's."""
        tap = self

        class Handler(_Handler):
            owner = tap

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            for hold in self.holds:
                hold.released.set()
            server.shutdown()
            thread.join()
            server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    owner: Tap

    def pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path, _, query = self.path.partition("?")
        if DRY in query:
            path = f"{path}?{DRY}"
        self.owner.asked.append((self.command, path))
        for hold in self.owner.holds:
            if hold.takes(self.command, path):
                if hold.passed_on:
                    self._ask(body)
                hold.taken.set()
                hold.released.wait()
                self.close_connection = True
                return
        if self.owner.failure is not None:
            self.send_response(self.owner.failure)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if path == "/watch":
            self._stream()
            return
        status, headers, answer = self._ask(body)
        if _writes(self.command, path) and status < 400:
            self.owner.done.append((self.command, path, json.loads(body or b"null")))
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in {"connection", "content-length", "transfer-encoding", "server", "date"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        with suppress(ConnectionError):  # a worker that ended waits for no answer
            self.end_headers()
            self.wfile.write(answer)

    def _stream(self) -> None:
        """An answer without end, until either side has enough."""
        self.close_connection = True
        target = self.owner.target
        with socket.create_connection((target.hostname, target.port)) as upstream:
            head = [f"{self.command} {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in self.headers.items()), "", ""]
            upstream.sendall("\r\n".join(head).encode())
            while self.connection not in select.select([upstream, self.connection], [], [])[0] and (piece := upstream.recv(65536)):
                with suppress(ConnectionError):
                    self.wfile.write(piece)

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        target = self.owner.target
        connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=60)
        try:
            connection.request(self.command, self.path, body, dict(self.headers.items()))
            response = connection.getresponse()
            return response.status, response.getheaders(), response.read()
        finally:
            connection.close()

    do_GET = do_POST = do_PUT = do_DELETE = pass_on  # noqa: N815 - names of http.server

    def log_message(self, *_: Any) -> None:
        """Tests tell what went wrong themselves."""
