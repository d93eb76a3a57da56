"""A real HTTP server on loopback that answers what a test scripted, in order, and remembers what it was asked."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Reply:
    """One answer; a status of 0 closes the connection without a word."""

    status: int = 200
    body: Any = ""
    content_type: str = "application/json"

    def encoded(self) -> bytes:
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, str]
    body: Any
    headers: dict[str, str]


@dataclass
class Script:
    """Where the server is, what it will say, and what it was asked so far."""

    url: str
    replies: list[Reply]
    asked: list[Asked] = field(default_factory=list)


def problem(status: int, code: str, **facts: object) -> Reply:
    body = {"type": f"urn:x:{code}", "title": code, "status": status, "detail": f"it is {code}", "code": code, **facts}
    return Reply(status, body, "application/problem+json")


def text(status: int, words: str) -> Reply:
    return Reply(status, words, "text/plain; charset=utf-8")


@contextmanager
def serving(*replies: Reply) -> Iterator[Script]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    script = Script(f"http://127.0.0.1:{server.server_port}", list(replies))
    server.script = script  # type: ignore[attr-defined]  # http.server hands the server to its handlers and nothing else
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        script: Script = self.server.script  # type: ignore[attr-defined]  # as above
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        target = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        script.asked.append(
            Asked(
                self.command,
                target.path,
                dict(parse_qsl(target.query, keep_blank_values=True)),
                json.loads(sent) if sent else None,
                headers,
            )
        )
        reply = script.replies.pop(0) if script.replies else text(500, "the script is at its end")
        if reply.status == 0:
            self.close_connection = True
            return
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.encoded())))
        self.end_headers()
        self.wfile.write(reply.encoded())

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - the names http.server looks for

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
