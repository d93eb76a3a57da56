"""Whom a network is shared with: three fields that say one thing (contract 3.4 virtual-network, sharing)."""

from api_server.errors import BadRequest
from api_server.model.resource import Resource

EVERYONE, LINKING = 7, 5


def share_new(new: Resource) -> None:
    """Bring `is_shared` and `global_access` of a new network in line; `router_external` does nothing here."""
    if new.perms.global_access == EVERYONE:
        new.properties["is_shared"] = True
    elif new.properties.get("is_shared"):
        new.perms.global_access = EVERYONE
    else:
        new.properties["is_shared"] = False


def share_changed(new: Resource) -> None:
    """Bring `is_shared`, `router_external` and `global_access` in line, or raise if the body contradicts itself."""
    given = {"is_shared", "router_external", "perms2"} & new.given
    if not given:
        return
    shared, external = bool(new.properties.get("is_shared")), bool(new.properties.get("router_external"))
    access = new.perms.global_access
    if {"is_shared", "perms2"} <= given and not external and shared != (access == EVERYONE):
        raise _inconsistent("is_shared", shared, access)
    if {"router_external", "perms2"} <= given and not shared and external != (access == LINKING):
        raise _inconsistent("router_external", external, access)
    if given == {"perms2"}:
        new.properties["is_shared"] = access != 0
    else:
        new.perms.global_access = EVERYONE if shared else LINKING if external else 0


def _inconsistent(name: str, value: object, access: int) -> BadRequest:
    message = f"Inconsistent {name} ({value}) and global_access ({access})"
    return BadRequest(message, field=name)
