"""Tags: `<type>=<value>`, with an id that is the type's id followed by the value's (contract 3.4 tag-type, tag)."""

import re

# Of all other types an object carries one tag at most (contract 1.12).
SEVERAL_ON_ONE = frozenset({"label", "neutron_fwaas", "neutron_tag"})
_HEX = re.compile("(0[xX])?[0-9a-fA-F]{1,8}")


def tag_name(type_name: str, value: str) -> str:
    """The name that the server gives a tag: types are spelt in lower case."""
    return f"{type_name.lower()}={value}"


def type_of(name: str) -> str:
    """The type that a tag's name tells."""
    return name.partition("=")[0]


def read_hex(text: object) -> int | None:
    """The number of an id as the wire writes it, `0x` and hexadecimal digits; None if it is none."""
    return int(text, 16) if isinstance(text, str) and _HEX.fullmatch(text) else None


def type_id_text(number: int) -> str:
    return f"0x{number:04x}"


def tag_id_text(type_id: str, value: int) -> str:
    """The id of a tag: the text of its type's id, and four more digits."""
    return f"{type_id}{value:04x}"
