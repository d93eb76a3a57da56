"""
Netweave's client library: a VNC configuration API from Python, blocking (`Client`) or with asyncio (`AsyncClient`).

A name is loaded when it is first used, so that `netweave --help` need not wait for httpx.
`__init__.pyi` says the same names to type checkers.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "._requests": ("DEFAULT_URL", "Document", "InvalidToken", "InvalidUrl"),
    "._errors": (
        "AddressInUse",
        "AddressOutside",
        "AlreadyExists",
        "BadRequest",
        "ChildrenPresent",
        "Conflict",
        "Forbidden",
        "Forgotten",
        "Immutable",
        "InvalidProperty",
        "InvalidReference",
        "KeyReused",
        "MacInUse",
        "MethodNotAllowed",
        "NotFound",
        "OverQuota",
        "Overlap",
        "ParentNotFound",
        "PreconditionFailed",
        "Refused",
        "ServerError",
        "StillReferenced",
        "SubnetExhausted",
        "SubnetInUse",
        "SystemObject",
        "TooLarge",
        "Unauthorized",
        "Unavailable",
        "Unreachable",
        "Unreadable",
        "VncError",
    ),
    "._async_client": ("AsyncClient",),
    "._client": ("Client",),
    "._kinds": ("FqName",),
    "._retries": ("Retries",),
    "._listing": ("Selection",),
    "._watch": ("Asked", "Event"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)  # noqa: PLE0605 - made from the one list


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(name=name, obj=__name__)
    found = getattr(import_module(_HOME_OF[name], __name__), name)
    globals()[name] = found
    return found
