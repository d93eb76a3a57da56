"""Which function answers a path: one look-up by its first segment and its depth, whatever the number of kinds and of paths."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api_server.errors import MethodNotAllowed, UnknownPath
from api_server.http.admission import admit
from api_server.http.errors import handler_of
from api_server.http.idempotency import Handler
from api_server.http.requests import is_dry_run, server_of
from api_server.http.resources import collection_at, kind_at
from api_server.http.staleness import answered

# Tells of an answer that what it says would have been done was not.
DRY_RUN = "Dry-Run"


@dataclass(frozen=True, slots=True)
class Route:
    """A path, whose segments in braces stand for any text, and who answers each verb; HEAD is answered like GET."""

    path: str
    verbs: Mapping[str, Handler]
    # Whether everybody may ask, without a token.
    public: bool
    segments: list[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "segments", self.path.split("/"))

    @property
    def is_parametric(self) -> bool:
        return self.segments[1].startswith("{")

    def match(self, segments: list[str]) -> dict[str, str] | None:
        """What stands where the path has braces, None if this is another path; both have the same depth."""
        found = {}
        for own, given in zip(self.segments, segments, strict=True):
            if own[:1] == "{" and given:
                found[own[1:-1]] = given
            elif own != given:
                return None
        return found

    async def answer(self, request: Request) -> Response:
        """Let in whom it may and have the verb answered; a 405 names all verbs."""
        handler = self.verbs.get("GET" if request.method == "HEAD" else request.method)
        if handler is None:
            if request.path_params.keys() >= {"kind", "uuid"}:
                kind_at(request)
            if request.path_params.keys() == {"collection"}:
                collection_at(request)
            raise MethodNotAllowed(sorted([*self.verbs, *(["HEAD"] if "GET" in self.verbs else [])]))
        if not self.public:
            await admit(request)
        response = await (handler(request) if server_of(request).replica is None else answered(request, handler))
        if request.method not in ("GET", "HEAD") and is_dry_run(request):
            response.headers[DRY_RUN] = "true"
        return response


def route(path: str, *, public: bool = False, **verbs: Handler) -> Route:
    """The route of that path."""
    return Route(path, verbs, public)


class Table:
    """All routes. A first segment that is `closed` has no paths below it but those named here: what is unknown there is no kind."""

    def __init__(self, routes: Iterable[Route], closed: Iterable[str]) -> None:
        self._closed = frozenset(closed)
        self._named: dict[tuple[str, int], list[Route]] = {}
        self._parametric: dict[int, list[Route]] = {}
        for each in routes:
            depth = len(each.segments)
            if each.is_parametric:
                self._parametric.setdefault(depth, []).append(each)
            else:
                self._named.setdefault((each.segments[1], depth), []).append(each)
        for (first, depth), named in self._named.items():
            named += self._candidates(first, depth)

    def find(self, path: str) -> tuple[Route, dict[str, str]]:
        """The route of a path, and what stands where it has braces; UnknownPath when there is none."""
        if path[:1] == "/":
            segments = path.split("/")
            first, depth = segments[1], len(segments)
            for each in self._named.get((first, depth)) or self._candidates(first, depth):
                found = each.match(segments)
                if found is not None:
                    return each, found
        raise UnknownPath(path)

    def _candidates(self, first: str, depth: int) -> list[Route]:
        """The routes of any first segment."""
        return [] if depth > 2 and first in self._closed else self._parametric.get(depth, [])


class Routing:
    """The application behind the framework: a request goes to its route, and what that raises becomes the answer of its error."""

    def __init__(self, table: Table, others: ASGIApp) -> None:
        """`others` answers what is no HTTP."""
        self._table = table
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._others(scope, receive, send)
            return
        path: str = scope["path"]
        # Clients in the wild append a slash or a blank; both are taken off (contract 1.1, 1.6).
        if path[-1:] in ("/", " ") and path != "/":
            path = scope["path"] = path.rstrip("/ ") or "/"
        request = Request(scope, receive, send)
        try:
            found, scope["path_params"] = self._table.find(path)
            response = await found.answer(request)
        except Exception as error:
            handle = handler_of(error)
            if handle is None:
                raise
            response = await handle(request, error)
            # What is raised again and again, as a constant, must not gather what it passed through.
            error.__traceback__ = None
        await response(scope, receive, send)
