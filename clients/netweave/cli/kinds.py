"""Short names of kinds, and objects named on a command line."""

from uuid import UUID

from netweave import Client
from netweave._kinds import hyphened

ALIASES = {
    "prj": "project",
    "vn": "virtual-network",
    "vm": "virtual-machine",
    "vmi": "virtual-machine-interface",
    "iip": "instance-ip",
    "fip": "floating-ip",
    "ipam": "network-ipam",
    "np": "network-policy",
    "sg": "security-group",
    "lr": "logical-router",
    "rt": "route-target",
    "ri": "routing-instance",
}


def kind_of(word: str) -> str:
    """The kind that a short name, or either spelling of the full one, stands for."""
    return ALIASES.get(word.lower(), hyphened(word))


def offered(incomplete: str) -> list[tuple[str, str]]:
    """The short names that begin so, for a shell's completion."""
    return [(short, kind) for short, kind in ALIASES.items() if short.startswith(incomplete)]


def uuid_in(text: str) -> str | None:
    """The canonical uuid that the text is, or None if it is a name."""
    try:
        return str(UUID(text)) if len(text) == 36 else None
    except ValueError:
        return None


def uuid_of(client: Client, kind: str, name: str) -> str:
    """The uuid of an object named by uuid or by colon-joined fq_name; raises NotFound."""
    return uuid_in(name) or client.find(kind, name)
