"""By what a search finds an object beside its uuid and its place: its name, its MAC addresses, its own address."""

from collections.abc import Mapping
from typing import Any

# Letters are folded as they are compared: those of ASCII, whatever the locale.
_FOLDED = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
_MACS = "virtual_machine_interface_mac_addresses"
_ADDRESSES = ("instance_ip_address", "floating_ip_address", "alias_ip_address")


def folded(text: str) -> str:
    """In lower case, as far as ASCII goes."""
    return text.translate(_FOLDED)


def keys_of(properties: Mapping[str, Any]) -> list[str]:
    """The MAC addresses of an object, or its own address: no kind has both."""
    if macs := properties.get(_MACS):
        return [folded(mac) for mac in macs.get("mac_address") or [] if mac] if isinstance(macs, Mapping) else []
    return [folded(address) for name in _ADDRESSES if (address := properties.get(name))]
