"""A small Keystone v3: `POST /v3/auth/tokens` logs in, `GET /v3/auth/tokens` tells whose a token is. Real HTTP, users from a table."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

SERVICE = {"name": "netweave", "password": "of-the-service"}


@dataclass
class FakeKeystone:
    """What it knows, what it was asked, and how it is to misbehave."""

    url: str = ""
    passwords: dict[str, str] = field(default_factory=lambda: {SERVICE["name"]: SERVICE["password"]})
    # By token: the document that `GET` answers.
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    logins: int = 0
    broken: int = 0

    def give(self, user: str, *, roles: list[str], project: str = "", domain: str = "default", lives: float = 3600, token: str = "") -> str:
        """A token of that user."""
        token = token or f"gAAAA-{uuid4().hex}"
        expires = (datetime.now(UTC) + timedelta(seconds=lives)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        said: dict[str, Any] = {"user": {"id": uuid4().hex, "name": user, "domain": {"id": domain}}, "expires_at": expires}
        said["roles"] = [{"id": uuid4().hex, "name": role} for role in roles]
        if project:
            said["project"] = {"id": project, "name": "a project", "domain": {"id": domain}}
        self.tokens[token] = said
        return token

    @property
    def settings(self) -> dict[str, str]:
        """The environment of a server that asks this Keystone."""
        return {
            "NETWEAVE_KEYSTONE_URL": self.url,
            "NETWEAVE_KEYSTONE_USER": SERVICE["name"],
            "NETWEAVE_KEYSTONE_PASSWORD": SERVICE["password"],
            "NETWEAVE_KEYSTONE_PROJECT": "service",
        }

    def login(self, body: Any) -> str:
        """A new token for who says name and password, "" when they do not match."""
        user = body["auth"]["identity"]["password"]["user"]
        if self.passwords.get(user["name"]) != user["password"]:
            return ""
        self.logins += 1
        known = self.documents.get(user["name"], {"roles": ["admin"]})
        return self.give(user["name"], **known)


@contextmanager
def fake_keystone() -> Iterator[FakeKeystone]:
    """Serves on a free port of this machine."""
    fake = FakeKeystone()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            token = fake.login(body)
            self._answer(201 if token else 401, {"token": fake.tokens.get(token, {})}, token)

        def do_GET(self) -> None:
            subject = self.headers["X-Subject-Token"]
            if fake.broken:
                self._answer(fake.broken, {})
            elif self.headers["X-Auth-Token"] not in fake.tokens:
                self._answer(401, {})
            else:
                fake.asked.append(subject)
                self._answer(200 if subject in fake.tokens else 404, {"token": fake.tokens.get(subject, {})})

        def _answer(self, status: int, document: Any, token: str = "") -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if token:
                self.send_header("X-Subject-Token", token)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
