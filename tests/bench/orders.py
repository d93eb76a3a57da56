"""What a load asks for: requests as templates, filled in the same way by wrk in Lua (load.lua) and by our own generator."""

from dataclasses import dataclass
from typing import Any

import orjson

# What a template may hold. Each has one width, so that a body's length is known before it is filled.
NAME, UUID, TWIN, ADDRESS, TURN = "@name@", "@uuid@", "@twin@", '"@address@"', "@turn@"
TOKENS = {NAME: 12, UUID: 36, TWIN: 36, ADDRESS: 16, TURN: 8}
_SPREAD, _FOLD = 2_654_435_761, 2**21
# Addresses that a run asks for lie apart from those of the run before.
_RUN = 16_384


@dataclass(frozen=True, slots=True)
class Step:
    """One request."""

    method: str
    path: str
    body: str = ""

    @property
    def length(self) -> int:
        """Of the body, filled."""
        return len(self.body) + sum(self.body.count(token) * (width - len(token)) for token, width in TOKENS.items())


@dataclass(frozen=True, slots=True)
class Order:
    """
    `clients` connections for `seconds`, each doing the `steps` in turn, again and again. What a turn names is told from all others by
    `run`, the client and the turn; with a `span` turns come round to the names of the first one after so many.
    """

    url: str
    clients: int
    seconds: float
    steps: tuple[Step, ...]
    run: int = 0
    span: int = 0
    # Requests a second of all together, which our own generator keeps to; 0: as many as are answered.
    rate: float = 0

    @property
    def threads(self) -> int:
        """Connections of one thread share its turns; where steps follow each other, each connection needs its own."""
        return self.clients if len(self.steps) > 1 else 1


@dataclass(frozen=True, slots=True)
class Load:
    """What was done: requests a second, bytes of an answer, milliseconds to it; `cpu` is the generator's own share of a core."""

    rate: float
    cpu: float
    size: float
    p50: float
    p99: float


class LoadFailed(SystemExit):
    """An answer that is no 2xx, or none: a figure that counted it would be worth nothing, so the run ends."""


class TooShort(Exception):
    """Nothing was answered in the time of the order, as happens on a busy machine."""


def name_of(run: int, client: int, turn: int) -> str:
    return f"{run:04x}{client:02x}{turn:06x}"


def uuid_of(run: int, client: int, turn: int, twin: int = 0) -> str:
    """Of the object of that name, and of its twin; they lie all over an index, as random ones do."""
    spread = (turn + client * 40_503 + run * 7_919) % _FOLD * _SPREAD % 2**32
    return f"{spread:08x}-000{twin}-4000-8000-{name_of(run, client, turn)}"


def address_of(run: int, turn: int) -> str:
    """Of 10.0.0.0/8, counted from below, where addresses are drawn from above; in quotes, and with blanks to one width."""
    number = 256 + run * _RUN + turn
    return f'"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"'.ljust(TOKENS[ADDRESS])


def filled(text: str, order: Order, client: int, turn: int) -> str:
    """A template as it is sent."""
    named = turn % order.span if order.span else turn
    for token, value in (
        (NAME, name_of(order.run, client, named)),
        (UUID, uuid_of(order.run, client, named)),
        (TWIN, uuid_of(order.run, client, named, 1)),
        (ADDRESS, address_of(order.run, named)),
        (TURN, f"{turn:08x}"),
    ):
        text = text.replace(token, value)
    return text


def post(path: str, document: Any) -> Step:
    return Step("POST", path, orjson.dumps(document).decode())


def put(path: str, document: Any) -> Step:
    return Step("PUT", path, orjson.dumps(document).decode())


def get(path: str) -> Step:
    return Step("GET", path)


def delete(path: str) -> Step:
    return Step("DELETE", path)
