"""Route targets, `target:<asn or IPv4>:<number>` (contract 3.4 route-target)."""

from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import NamedTuple

from api_server.model.resource import Resource

LISTS = ("route_target_list", "import_route_target_list", "export_route_target_list", "configured_route_target_list")
LARGEST_SHORT = 0xFFFF
LARGEST_LONG = 0xFFFF_FFFF
# More are no number here, however many zeros they begin with.
DIGITS = 20


class RouteTarget(NamedTuple):
    """A route target whose syntax is right."""

    authority: str
    number: int

    def __str__(self) -> str:
        return f"target:{self.authority}:{self.number}"

    @classmethod
    def read(cls, text: object) -> "RouteTarget | None":
        """The route target a text says, or None if it says none."""
        parts = text.split(":") if isinstance(text, str) else []
        if len(parts) != 3 or parts[0] != "target" or not _is_number(parts[2], LARGEST_LONG):
            return None
        return cls(parts[1], int(parts[2])) if _is_number(parts[1], LARGEST_LONG) or _is_address(parts[1]) else None

    def is_automatic(self, asn: int) -> bool:
        """Whether the system draws this number itself in the AS (contract 3.4 global-system-config)."""
        return self.authority == str(asn) and self.number >= automatic_numbers(asn).start


def automatic_numbers(asn: int) -> range:
    """What the system draws from in an AS: the number has four bytes beside an AS of two, and two beside one of four."""
    return range(8_000_000, LARGEST_LONG + 1) if asn <= LARGEST_SHORT else range(8_000, LARGEST_SHORT + 1)


def route_targets_of(one: Resource) -> Iterator[tuple[str, object]]:
    """Every entry of the route target lists of a network or router, with the name of its list."""
    for name in LISTS:
        for text in (one.properties.get(name) or {}).get("route_target") or []:
            yield name, text


def route_target_problems(one: Resource) -> Iterator[str]:
    """A sentence for each entry that is no route target."""
    for name, text in route_targets_of(one):
        if RouteTarget.read(text) is None:
            yield f"{name}: {text!r} is not target:<asn or IPv4>:<number>"


def _is_number(text: str, largest: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= DIGITS and int(text) <= largest


def _is_address(text: str) -> bool:
    try:
        return bool(IPv4Address(text))
    except ValueError:
        return False
