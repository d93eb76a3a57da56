"""Names of kinds and of objects, in the forms the wire wants them."""

from collections.abc import Iterable

FqName = str | Iterable[str]


def hyphened(kind: str) -> str:
    """A kind as URLs and wrapper keys spell it: `virtual_DNS` and `virtual-DNS` are both `virtual-DNS`."""
    return kind.replace("_", "-")


def collection(kind: str) -> str:
    """The plural of the wire: a literal `s`, whatever English says (contract 1.1)."""
    return f"{hyphened(kind)}s"


def fq_name_of(name: FqName, kind: str = "") -> list[str]:
    """The parts of a name given as a list, or as text joined by colons; only route targets hold colons of their own (contract 2.1)."""
    if not isinstance(name, str):
        return list(name)
    return [name] if hyphened(kind) == "route-target" else name.split(":")


def colon_name(name: FqName) -> str:
    """A name as one text: `default-domain:default-project:blue`."""
    return name if isinstance(name, str) else ":".join(name)
