"""What the text of a search can mean: a name, a uuid or its beginning, an address, a prefix, a MAC address; pure."""

import re
from dataclasses import dataclass
from ipaddress import ip_network

from api_server.ipam.subnet import Address, Network, read_address
from api_server.model.found_by import folded

_UUID = re.compile("[0-9a-f]{4,8}|[0-9a-f]{8}(-[0-9a-f]{0,4}){0,3}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{0,12}|[0-9a-f]{9,32}")
_MAC = re.compile("[0-9a-f]{2}([:-])[0-9a-f]{2}(\\1[0-9a-f]{2}){4}|[0-9a-f]{4}(\\.[0-9a-f]{4}){2}")
# Above every character that a name may have.
HIGHEST = "\U0010ffff"


@dataclass(frozen=True)
class Sought:
    """A text in the spellings under which things are found; None for what it cannot mean."""

    text: str
    address: Address | None
    cidr: Network | None
    mac: str | None
    # The lowest and the highest uuid that begins so.
    uuids: tuple[str, str] | None

    @property
    def keys(self) -> list[str]:
        """As whose MAC address or own address it may be stored."""
        return [*([str(self.address), self.text] if self.address else []), *([self.mac] if self.mac else [])]

    @property
    def last_name(self) -> str | None:
        """Of a name with parents before it (`project:blue`), the last part."""
        return self.text.rpartition(":")[2] if ":" in self.text else None


def read_sought(text: str) -> Sought:
    """What this text, which is not blank, can mean."""
    wanted = folded(text.strip())
    address = read_address(wanted)
    return Sought(wanted, address, None if address else _cidr(wanted), _mac(wanted), _uuids(wanted))


def _cidr(text: str) -> Network | None:
    prefix, slash, length = text.partition("/")
    if not slash or not length.isdecimal() or read_address(prefix) is None:
        return None
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _mac(text: str) -> str | None:
    """A MAC address as ports show it, from any of its usual spellings."""
    if not _MAC.fullmatch(text):
        return None
    digits = re.sub("[:.-]", "", text)
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


def _uuids(text: str) -> tuple[str, str] | None:
    if not _UUID.fullmatch(text):
        return None
    digits = text.replace("-", "")
    return digits.ljust(32, "0"), digits.ljust(32, "f")
