"""The one check at the route: who asks, and whether the rules let them (contract 1.4.1 row 1, 5.1 to 5.4)."""

import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

import orjson
from starlette.requests import Request

from api_server.access.gate import Gate
from api_server.errors import Unauthenticated, Unavailable
from api_server.http.requests import CALLER, body_of, caller_of, server_of
from api_server.model.caller import EVERYBODY, Caller
from api_server.model.kind import Kind, snake_of

HEADER = "x-auth-token"


async def admit(request: Request) -> None:
    """Tell the request who its caller is; Unauthenticated or PermissionDenied when it may not go on."""
    server = server_of(request)
    if server.gate.is_open:
        request.scope[CALLER] = EVERYBODY
        return
    caller = request.scope[CALLER] = await server.gate.caller(request.headers.get(HEADER, ""))
    if not caller.admin:
        thing = _thing(request)
        fields = await _fields(request, thing) if request.method in ("POST", "PUT") else ()
        await server.gate.admit(caller, request.method, thing, fields)


async def admit_to(request: Request, method: str, kind: Kind, fields: Collection[str] = ()) -> None:
    """The same for what a request asks of a kind that is not its path's: one write of several, a type that is watched."""
    await server_of(request).gate.admit(caller_of(request), method, kind.name, fields)


async def open_to(request: Request, kinds: Iterable[str]) -> list[str]:
    """Those of the kinds that the rules let the caller read: what an answer about several kinds may tell of."""
    return await server_of(request).gate.readable(caller_of(request), kinds)


@dataclass(slots=True)
class Standing:
    """Whether the caller of an answer that lasts is still let in: who lost the token, a role or a rule is told no more."""

    gate: Gate
    caller: Caller
    token: str = field(repr=False)
    kinds: Sequence[str]
    # How often it is asked, in seconds.
    interval: float
    _due: float = field(default=0.0, repr=False)

    @classmethod
    def of(cls, request: Request, kinds: Sequence[str], interval: float) -> "Standing":
        """That of a request which reads these kinds, and has just been let in."""
        token = request.headers.get(HEADER, "")
        return cls(server_of(request).gate, caller_of(request), token, kinds, interval, time.monotonic() + interval)

    async def lapsed(self) -> bool:
        if self.gate.is_open or time.monotonic() < self._due:
            return False
        self._due = time.monotonic() + self.interval
        try:
            caller = await self.gate.caller(self.token)
        except Unauthenticated:
            return True
        except Unavailable:
            # Nobody can be asked: that takes nothing from who was let in.
            return False
        return caller != self.caller or await self.gate.readable(caller, self.kinds) != list(self.kinds)


def _thing(request: Request) -> str:
    """What the path's first segment names: a kind, also by its plural, or an action; `/` stays (contract 5.4)."""
    path: str = request.scope["path"]
    segment = path.split("/", 2)[1] or "/"
    kind = server_of(request).catalog.by_collection(segment)
    return kind.name if kind else segment


async def _fields(request: Request, thing: str) -> Collection[str]:
    """What the body says of an object; the handler tells what is wrong with a body. Null in a create is not given (contract 1.2)."""
    try:
        document = orjson.loads(await body_of(request))
    except orjson.JSONDecodeError:
        return ()
    inner = (document.get(thing) or document.get(snake_of(thing))) if isinstance(document, dict) else None
    if not isinstance(inner, dict):
        return ()
    return [name for name, value in inner.items() if value is not None or request.method == "PUT"]
