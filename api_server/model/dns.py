"""Names and lifetimes of the DNS (RFC 1035), as virtual-DNS and its records carry them (contract 3.4 virtual-DNS)."""

import re
from ipaddress import ip_address

LONGEST_NAME = 255
LONGEST_TTL = 2**31 - 1
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_REVERSE = (".in-addr.arpa", ".ip6.arpa")


def is_dns_name(text: object) -> bool:
    """Whether it is labels of letters, digits and inner hyphens; a dot at the end is fine."""
    if not isinstance(text, str) or len(text) > LONGEST_NAME:
        return False
    return all(_LABEL.fullmatch(label) for label in text.removesuffix(".").split("."))


def is_reverse_name(text: object) -> bool:
    """Whether it is what a PTR record is asked for: an address, or its name under in-addr.arpa or ip6.arpa."""
    return version_of(text) is not None or (is_dns_name(text) and str(text).removesuffix(".").lower().endswith(_REVERSE))


def version_of(text: object) -> int | None:
    """4 or 6 for the text of an address, None for any other."""
    try:
        return ip_address(text).version if isinstance(text, str) and "%" not in text else None
    except ValueError:
        return None


def ttl_problem(seconds: object) -> str:
    """What is wrong with a lifetime, if anything is."""
    fine = not seconds or (isinstance(seconds, int) and 0 <= seconds <= LONGEST_TTL)
    return "" if fine else f"{seconds} is not between 0 and {LONGEST_TTL} seconds"
