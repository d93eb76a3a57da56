"""Identities from Keystone v3: one `GET /v3/auth/tokens` a token, its answer kept for a bounded time (contract 5.2)."""

import asyncio
import hashlib
import logging
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from api_server.access.fault import AccessUnusable
from api_server.errors import Unavailable
from api_server.model.caller import Bearer
from api_server.settings import Settings

log = logging.getLogger(__name__)

# How many tokens are remembered at most; the one that was asked for longest ago goes first.
REMEMBERED = 10_000
TIMEOUT = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Keystone's address, and as whom we ask it."""

    url: str
    user: str
    password: str = field(repr=False)
    project: str
    user_domain: str = "default"
    project_domain: str = "default"

    @classmethod
    def of(cls, settings: Settings) -> "Service":
        """The service that the settings name; AccessUnusable when something is missing."""
        for name in ("user", "password", "project"):
            if not getattr(settings, f"keystone_{name}"):
                raise AccessUnusable(f"NETWEAVE_KEYSTONE_URL needs NETWEAVE_KEYSTONE_{name.upper()} beside it: whom this server asks as")
        if not settings.keystone_url.startswith(("http://", "https://")):
            raise AccessUnusable("NETWEAVE_KEYSTONE_URL is not of the form https://host:port")
        return cls(
            url=settings.keystone_url.rstrip("/").removesuffix("/v3"),
            user=settings.keystone_user,
            password=settings.keystone_password,
            project=settings.keystone_project,
            user_domain=settings.keystone_user_domain,
            project_domain=settings.keystone_project_domain,
        )

    @property
    def login(self) -> dict[str, Any]:
        """The body that asks for our own token."""
        user = {"name": self.user, "password": self.password, "domain": {"id": self.user_domain}}
        scope = {"project": {"name": self.project, "domain": {"id": self.project_domain}}}
        return {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}


class Keystone:
    """Asks a Keystone whose a token is. Requests with one token that come while it is asked wait for the same answer."""

    def __init__(self, service: Service, *, keep: float) -> None:
        self._service = service
        self._keep = keep
        self._http = httpx.AsyncClient(base_url=service.url, timeout=TIMEOUT)
        self._own_token = ""
        self._known: OrderedDict[str, tuple[float, Bearer]] = OrderedDict()
        self._asking: dict[str, asyncio.Task[Bearer | None]] = {}

    @classmethod
    def of(cls, settings: Settings) -> "Keystone":
        """The one that the settings name; AccessUnusable when something is missing."""
        return cls(Service.of(settings), keep=settings.keystone_cache_seconds)

    async def bearer(self, token: str) -> Bearer | None:
        key = hashlib.sha256(token.encode()).hexdigest()
        until, bearer = self._known.get(key, (0.0, None))
        if bearer is not None and time.monotonic() < until:
            return bearer
        task = self._asking.get(key)
        if task is None:
            task = self._asking[key] = asyncio.create_task(self._ask(key, token))
            task.add_done_callback(lambda done: self._answered(key, done))
        # A caller who goes away takes nothing from those who wait beside it.
        return await asyncio.shield(task)

    async def close(self) -> None:
        await self._http.aclose()

    def _answered(self, key: str, task: "asyncio.Task[Bearer | None]") -> None:
        del self._asking[key]
        if not task.cancelled():
            task.exception()  # seen, even if everybody who waited is gone

    async def _ask(self, key: str, token: str) -> Bearer | None:
        self._known.pop(key, None)
        asked = time.monotonic()
        response = await self._validate(token)
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        said = _token_of(response)
        left = _seconds_left(said)
        if left <= 0:
            return None
        bearer = _bearer_of(said)
        self._known[key] = (asked + min(self._keep, left), bearer)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return bearer

    async def _validate(self, token: str) -> httpx.Response:
        """Keystone's answer about a token: 200 or 404. Our own token is renewed once when it is no longer taken."""
        response = await self._look(token) if self._own_token else None
        if response is None or response.status_code == httpx.codes.UNAUTHORIZED:
            await self._log_in()
            response = await self._look(token)
        if response.status_code not in (httpx.codes.OK, httpx.codes.NOT_FOUND):
            raise _unavailable(f"it answers {response.status_code} to {self._service.user}")
        return response

    async def _look(self, token: str) -> httpx.Response:
        headers = {"X-Auth-Token": self._own_token, "X-Subject-Token": token}
        return await self._send("GET", headers=headers, params={"nocatalog": ""})

    async def _log_in(self) -> None:
        response = await self._send("POST", json=self._service.login)
        self._own_token = response.headers.get("x-subject-token", "")
        if response.status_code != httpx.codes.CREATED or not self._own_token:
            raise _unavailable(f"it answers {response.status_code} to the login of {self._service.user}")

    async def _send(self, method: str, **request: Any) -> httpx.Response:
        try:
            return await self._http.request(method, "/v3/auth/tokens", **request)
        except httpx.HTTPError as why:
            raise _unavailable(f"{type(why).__name__} at {self._service.url}") from None


def _token_of(response: httpx.Response) -> Mapping[str, Any]:
    try:
        said = response.json()["token"]
    except (ValueError, KeyError, TypeError):
        raise _unavailable("its answer is no token document of v3") from None
    if not isinstance(said, Mapping):
        raise _unavailable("its answer is no token document of v3")
    return said


def _seconds_left(said: Mapping[str, Any]) -> float:
    """How long the token lives; one that does not say it lives on."""
    text = said.get("expires_at")
    if not text:
        return float("inf")
    try:
        return (datetime.fromisoformat(text).replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError):
        raise _unavailable("a token's expires_at is no time") from None


def _bearer_of(said: Mapping[str, Any]) -> Bearer:
    """A token of a project belongs to the project's domain, one of a domain to that, one without scope to its user's."""
    user, project = said.get("user") or {}, said.get("project") or {}
    domain = project.get("domain") or said.get("domain") or user.get("domain") or {}
    return Bearer(
        user=str(user.get("name") or user.get("id") or ""),
        roles=tuple(str(role.get("name")) for role in said.get("roles") or [] if role.get("name")),
        project_id=str(project.get("id") or ""),
        domain_id=str(domain.get("id") or ""),
    )


def _unavailable(why: str) -> Unavailable:
    log.error("Keystone cannot be asked: %s", why)
    return Unavailable("The identity service cannot be asked; try again")
