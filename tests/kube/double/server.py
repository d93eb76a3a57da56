"""The double's front: connections, credentials, faults, and the way from a request to its answer."""

import asyncio
import ssl
from typing import Literal

import orjson

from .access import Account
from .answers import Answers, selection_of
from .discovery import PROBES, discovery
from .faults import Fault, Faults
from .kinds import Kind
from .pages import Pages
from .recorder import Recorded, Recorder
from .refusals import Expired, Forbidden, NotFound, StatusError, Unauthorized, status_document
from .registry import Registry
from .removal import Removal
from .store import Store
from .streams import Stream, watcher_of
from .targets import Target, served, target_of
from .watchers import Watchers, error_line
from .wire import Connection, MalformedError, Request

Outage = Literal["refuse", "reset"]
REASONS = {429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable", 504: "Timeout", 403: "Forbidden", 410: "Expired"}


class LostReplyError(Exception):
    """The connection is to be reset instead of answered."""


class Server:
    """Serves a registry over HTTP. Lives on one event loop; nothing of it may be called from another thread."""

    def __init__(self, store: Store, registry: Registry, removal: Removal, tls: ssl.SSLContext | None) -> None:
        self.store = store
        self.registry = registry
        self.pages = Pages(store)
        self.watchers = Watchers(store)
        self.faults = Faults()
        self.recorder = Recorder()
        self.tokens: set[str] = set()
        self.accounts: dict[str, Account] = {}
        self.failures: list[Exception] = []
        self.bookmark_interval = 60.0
        self.gone_by: Literal["status", "event"] = "event"
        self.port = 0
        self._answers = Answers(registry, removal, self.pages)
        self._tls = tls
        self._listener: asyncio.Server | None = None
        self._connections: dict[Connection, asyncio.Task[None]] = {}
        self._down = False
        registry.on_kind_gone.append(self._close_watches_of)

    async def listen(self, port: int) -> None:
        """Accept connections; at the same port as before when it is given."""
        self._down = False
        if self._listener is None:
            self._listener = await asyncio.start_server(self._accept, "127.0.0.1", port, limit=2**16, ssl=self._tls, backlog=512)
            self.port = self._listener.sockets[0].getsockname()[1]

    async def interrupt(self, how: Outage) -> None:
        """Reset every connection, and from now on refuse (or accept and reset, which counts the tries) new ones."""
        if how == "refuse" and self._listener is not None:
            self._listener.close()
            self._listener = None
        self._down = True
        self.watchers.close(abort=True)
        for connection in list(self._connections):
            connection.abort()
        for task in list(self._connections.values()):
            task.cancel()
        await asyncio.gather(*self._connections.values(), return_exceptions=True)

    def _close_watches_of(self, kind: Kind) -> None:
        self.watchers.close(kind.key)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.recorder.connections += 1
        connection = Connection(reader, writer)
        if self._down:
            connection.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        self._connections[connection] = task
        try:
            await self._converse(connection)
        except LostReplyError:
            connection.abort()
        except (ConnectionError, asyncio.CancelledError):
            pass
        except MalformedError as why:
            await connection.reply(400, _bytes(status_document(400, "BadRequest", f"malformed HTTP request: {why}")))
        except Exception as bug:
            # A fault of the double itself must fail the test that met it.
            self.failures.append(bug)
            raise
        finally:
            del self._connections[connection]
            writer.close()

    async def _converse(self, connection: Connection) -> None:
        """Request after request, until the client is done or a watch used the connection up."""
        streamed = False
        while not streamed and (request := await connection.request()):
            target = target_of(request)
            recorded = self.recorder.note(request, target)
            try:
                streamed = await self._answer(connection, request, target, recorded)
            except StatusError as refusal:
                recorded.status = refusal.code
                await connection.reply(refusal.code, _bytes(refusal.document()))

    async def _answer(self, connection: Connection, request: Request, target: Target | None, recorded: Recorded) -> bool:
        """Answer one request; whether it was a watch, after which the connection is done."""
        if request.path in PROBES:
            await connection.reply(200, b"ok")
            return False
        account = self._account(request)
        if target is not None and account is not None and not account.allows(target):
            raise _forbidden(target, account.user)
        if target is None:
            await self._describe(connection, request, recorded)
            return False
        losing = False
        for fault in self.faults.of_request(target):
            if await self._strike(fault, connection, target, recorded):
                return False
            losing = losing or fault.action == "reset_after"
        kind = served(target, self.registry.kinds)
        if target.verb == "watch":
            await self._watch(connection, request, target, kind, recorded)
            return True
        reply = self._answers.answer(target, kind, request)
        if losing:
            raise LostReplyError
        recorded.status = reply.status
        await connection.reply(reply.status, reply.body)
        return False

    def _account(self, request: Request) -> Account | None:
        """Who asks; None may do everything."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token in self.accounts:
            return self.accounts[token]
        if self.tokens and token not in self.tokens:
            raise Unauthorized
        return None

    async def _describe(self, connection: Connection, request: Request, recorded: Recorded) -> None:
        document = discovery(request.path, list(self.registry.kinds.values()))
        if document is None or request.method != "GET":
            raise NotFound.path()
        recorded.status = 200
        await connection.reply(200, _bytes(document))

    async def _strike(self, fault: Fault, connection: Connection, target: Target, recorded: Recorded) -> bool:
        """Let a fault have its way; whether it answered the request."""
        if fault.action == "delay":
            await asyncio.sleep(fault.seconds)
        elif fault.action == "reset_before":
            raise LostReplyError
        elif fault.action == "refuse" and fault.code == Forbidden.code:
            raise _forbidden(target, "of this token")
        elif fault.action == "refuse":
            message = fault.message or "the server is not able to do this now"
            headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            details = {} if fault.retry_after is None else {"retryAfterSeconds": fault.retry_after}
            recorded.status = fault.code
            body = _bytes(status_document(fault.code, REASONS.get(fault.code, "Unknown"), message, details))
            await connection.reply(fault.code, body, headers)
            return True
        return False

    async def _watch(self, connection: Connection, request: Request, target: Target, kind: Kind, recorded: Recorded) -> None:
        try:
            watcher = watcher_of(self.watchers, self.store, kind, selection_of(target, kind, request), request.query)
        except Expired as expired:
            if self.gone_by == "status":
                raise
            recorded.status = 200
            await connection.begin_stream()
            await connection.chunk(error_line(expired))
            await connection.end_stream()
            return
        recorded.status = 200
        await Stream(connection, watcher, target, self.faults, self.watchers, self.bookmark_interval).run(request)


def _forbidden(target: Target, user: str) -> Forbidden:
    resource = f"{target.resource}/{target.subresource}" if target.subresource else target.resource
    about = f'{target.resource} "{target.name}"' if target.name else target.resource
    where = f' in the namespace "{target.namespace}"' if target.namespace else " at the cluster scope"
    asked = f'cannot {target.verb} resource "{resource}" in API group "{target.group}"'
    return Forbidden(f'{about} is forbidden: User "{user}" {asked}{where}', name=target.name, group=target.group, kind=target.resource)


def _bytes(document: object) -> bytes:
    return orjson.dumps(document)
