"""The worker's way into a real cluster: through it only the test's namespaces are seen, under the names that the test gave them."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx2

from tests.kube.conversation import Api
from tests.kube.double import Recorder
from tests.kube.double.targets import Target, target_of
from tests.kube.double.wire import Request
from tests.kube.real.aliases import Aliases, path_of

PASSED_ON = ("content-type", "accept")


class Gate:
    """Passes requests on, remembers them as the double does, and knows which watches are open."""

    def __init__(self, api: Api, aliases: Aliases) -> None:
        self.api = api
        self.aliases = aliases
        self.recorder = Recorder()
        self.open_watches: list[str] = []
        self._in_default: set[str] = set()  # Events about what has no namespace

    @contextmanager
    def open(self) -> Iterator[str]:
        """The URL to use in place of the cluster's."""

        class Handler(_Handler):
            gate = self

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def path(self, request: Request, target: Target | None) -> str:
        """Where the cluster has what the worker asks for."""
        if target is None:
            return request.path
        if target.resource == "events" and self._is_about_the_cluster(request, target):
            return path_of(target)
        return path_of(self.aliases.target(target))

    def body(self, request: Request, target: Target | None) -> bytes:
        """What the worker sends, as the cluster is to read it."""
        document = json.loads(request.body) if request.body and target else None
        if target is None or not isinstance(document, dict):
            return request.body
        if target.resource == "events" and self._is_about_the_cluster(request, target):
            metadata = document.pop("metadata", {})
            document = self.aliases.outward(document, target.resource) | ({"metadata": metadata} if metadata else {})
            return json.dumps(document).encode()
        return json.dumps(self.aliases.outward(document, target.resource)).encode()

    def answer(self, content: bytes, target: Target | None) -> bytes:
        """What the cluster says, as the worker is to read it."""
        document = json.loads(content) if content and target else None
        if target is None or not isinstance(document, dict) or document.get("kind") == "Status":
            return content
        if "items" in document:
            seen = (self.aliases.inward(item, target.resource) for item in document["items"] or ())
            return json.dumps(document | {"items": [item for item in seen if item is not None]}).encode()
        return json.dumps(self.aliases.inward(document, target.resource) or document).encode()

    def event(self, line: bytes, target: Target) -> bytes | None:
        """A line of a watch; None for somebody else's object."""
        event = json.loads(line)
        if event["type"] in ("ADDED", "MODIFIED", "DELETED"):
            seen = self.aliases.inward(event["object"], target.resource)
            return None if seen is None else json.dumps(event | {"object": seen}).encode()
        return line

    def _is_about_the_cluster(self, request: Request, target: Target) -> bool:
        if target.verb == "create":
            document = json.loads(request.body)
            if (document.get("involvedObject") or {}).get("namespace"):
                return False
            self._in_default.add(document["metadata"]["name"])
            return True
        return target.name in self._in_default


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    gate: Gate

    def pass_on(self) -> None:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        request = Request(self.command, unquote(parts.path), dict(parse_qsl(parts.query, keep_blank_values=True)), headers, body)
        target = target_of(request)
        recorded = self.gate.recorder.note(request, target)
        passed = {name: value for name, value in headers.items() if name in PASSED_ON}
        watching = target is not None and target.verb == "watch"
        try:
            with self.gate.api.http.stream(
                request.method,
                self.gate.path(request, target),
                params=request.query,
                content=self.gate.body(request, target),
                headers=passed,
                timeout=httpx2.Timeout(None if watching else 15),
            ) as response:
                recorded.status = response.status_code
                if target is not None and watching and response.status_code == 200:
                    self._stream(response, target)
                else:
                    self._reply(response, self.gate.answer(response.read(), target))
        except (httpx2.HTTPError, OSError):
            self.close_connection = True

    def _reply(self, response: httpx2.Response, content: bytes) -> None:
        self.send_response(response.status_code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if "retry-after" in response.headers:
            self.send_header("Retry-After", response.headers["retry-after"])
        self.end_headers()
        self.wfile.write(content)

    def _stream(self, response: httpx2.Response, target: Target) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.gate.open_watches.append(target.resource)
        try:
            for line in response.iter_lines():
                if line and (seen := self.gate.event(line.encode(), target)):
                    self.wfile.write(b"%x\r\n%b\n\r\n" % (len(seen) + 1, seen))
            self.wfile.write(b"0\r\n\r\n")
        finally:
            self.gate.open_watches.remove(target.resource)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on  # noqa: N815 - names of http.server

    def log_message(self, *_: Any) -> None:
        """Tests tell what went wrong themselves."""
