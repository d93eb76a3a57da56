"""IP protocols by name and by number, as rules of every sort name them (contract 3.4 security-group, firewall family)."""

from collections.abc import Mapping
from typing import Any

ANY = "any"
LARGEST = 255
NUMBERS = {
    ANY: 0,
    "icmp": 1,
    "igmp": 2,
    "ipip": 4,
    "tcp": 6,
    "egp": 8,
    "udp": 17,
    "dccp": 33,
    "ipv6-encap": 41,
    "ipv6-route": 43,
    "ipv6-frag": 44,
    "rsvp": 46,
    "gre": 47,
    "esp": 50,
    "ah": 51,
    "icmp6": 58,
    "icmpv6": 58,
    "ipv6-icmp": 58,
    "ipv6-nonxt": 59,
    "ipv6-opts": 60,
    "ospf": 89,
    "pim": 103,
    "vrrp": 112,
    "sctp": 132,
    "udplite": 136,
}


def protocol_number(said: object) -> int | None:
    """The number of a protocol, told by its name in any case of letters or by the number; None if it is neither."""
    text = str(said).lower() if isinstance(said, str | int) and not isinstance(said, bool) else ""
    if text.isascii() and text.isdigit():
        number = int(text[:4])
        return number if number <= LARGEST else None
    return NUMBERS.get(text)


def with_protocol_number(service: Mapping[str, Any], path: str) -> tuple[dict[str, Any], list[str]]:
    """A firewall service with the number of its protocol beside it (contract 3.4 firewall family), and what is wrong with it."""
    said = service.get("protocol")
    if not said:
        return dict(service), []
    number = protocol_number(said)
    if number is None:
        return dict(service), [f"{path}.protocol: {said!r} is no protocol: a name as tcp, udp, icmp, any, or a number up to {LARGEST}"]
    return {**service, "protocol_id": number}, []
