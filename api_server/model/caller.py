"""Who asks, and what the permissions of an object let them do (contract 5.2, 5.5); pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api_server.errors import PermissionDenied, UnknownId
from api_server.model.resource import Perms

READ, WRITE, LINK = 4, 2, 1
DENIED = "403 Permission Denied"
# The domain that every installation has; identity providers know theirs by other names (contract 5.2).
DEFAULT_DOMAIN = ("default-domain",)
# Whom objects belong to that no project made (contract 2.4).
NOBODYS = "cloud-admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """What an identity provider knows of a token (contract 5.2); the ids as the provider spells them."""

    user: str
    roles: tuple[str, ...] = ()
    project_id: str = ""
    domain_id: str = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a request comes from; roles are in lower case, ids without dashes."""

    user: str
    roles: frozenset[str] = frozenset()
    project: str = ""
    domain: str = ""
    # Past every rule and every permission.
    admin: bool = False
    # May read what is not hidden, and nothing else (contract 5.3).
    reads_all: bool = False

    @property
    def owner(self) -> str:
        """Whom a new object belongs to, when nothing else says it (contract 2.4)."""
        return self.project or NOBODYS

    @property
    def tenants(self) -> list[str]:
        """How a share names this caller."""
        projects = [self.project, f"tenant:{self.project}"] if self.project else []
        return [*projects, *([f"domain:{self.domain}"] if self.domain else [])]

    def require(self, needed: int, kind: str, uuid: str, perms: Perms, *, visible: bool = True) -> None:
        """UnknownId when the object is hidden from this caller, PermissionDenied when a needed bit is missing (contract 5.5)."""
        if self.admin:
            return
        if not visible:
            raise UnknownId(uuid)
        if missing := needed & ~self.bits(perms):
            raise PermissionDenied(f"{DENIED}: {letters(missing)} on the {kind} {uuid} is needed", kind=kind, uuid=uuid)

    def require_to_delete(self, kind: str, uuid: str, perms: Perms, *, visible: bool = True) -> None:
        """Only its owner deletes an object: shares and `global_access` do not help (contract 5.5)."""
        self.require(0, kind, uuid, perms, visible=visible)
        if not (self.admin or (self.owns(perms) and perms.owner_access & WRITE)):
            raise PermissionDenied(f"{DENIED}: only its owner may delete the {kind} {uuid}", kind=kind, uuid=uuid)

    def bits(self, perms: Perms) -> int:
        """What of READ, WRITE and LINK the object's owner, shares and `global_access` give, together (contract 5.5)."""
        if self.admin:
            return READ | WRITE | LINK
        bits = perms.global_access | (READ if self.reads_all else 0)
        if self.owns(perms):
            bits |= perms.owner_access
        return bits | self._shared_bits(perms.share)

    def owns(self, perms: Perms) -> bool:
        return bool(self.project) and plain(perms.owner) == self.project

    def _shared_bits(self, share: Sequence[Mapping[str, Any]]) -> int:
        tenants, bits = self.tenants, 0
        for each in share:
            if plain(str(each.get("tenant"))) in tenants:
                bits |= each.get("tenant_access") or 0
        return bits


# Without authentication everybody is the administrator (contract 5.1).
EVERYBODY = Caller(NOBODYS, admin=True)
# The server itself.
SYSTEM = Caller("system", admin=True)


def plain(identity: str) -> str:
    """An id as ids are compared: without dashes (contract 5.2)."""
    return identity.replace("-", "")


def letters(bits: int) -> str:
    """Permissions as `obj-perms` writes them (contract 1.11)."""
    return "".join(letter for letter, bit in (("R", READ), ("W", WRITE), ("X", LINK)) if bits & bit)
