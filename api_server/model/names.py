"""Names that an object may have (contract 1.4.1 row 4, 2.1)."""

import re
from collections.abc import Sequence

from api_server.errors import InvalidName

ILLEGAL_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
ELEMENT_LIMIT = 255
NAME_LIMIT = 4096


def check_name(kind: str, fq_name: Sequence[str]) -> None:
    """Raise InvalidName for a name that no object of the kind may have."""
    if ILLEGAL_IN_XML.search(fq_name[-1]):
        raise InvalidName("Bad Request, name has illegal xml characters", field="fq_name")
    if ":" in fq_name[-1] and kind != "route-target":
        raise InvalidName("Bad Request, name has one of invalid chars {':'}", field="fq_name")
    if any(len(element) > ELEMENT_LIMIT for element in fq_name) or sum(len(element.encode()) + 1 for element in fq_name) > NAME_LIMIT:
        raise InvalidName(f"fq_name is too long: {ELEMENT_LIMIT} characters an element, {NAME_LIMIT} bytes in all", field="fq_name")
