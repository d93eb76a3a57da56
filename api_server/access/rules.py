"""What the rules of api-access-lists let which roles do (contract 5.4); pure."""

from collections.abc import Iterable, Mapping
from typing import Any

ANY = "*"
# Which letter of `role_crud` a method needs.
LETTERS = {"GET": "R", "HEAD": "R", "POST": "C", "PUT": "U", "DELETE": "D"}
# Actions that only read, though they are POST: the global read-only role may use them (contract 5.3).
READING = frozenset({"list-bulk-collection", "fqname-to-id", "id-to-fqname"})
# What belongs to nobody and serves all projects: no rule, and so no rule for everything, opens it to tenants.
ADMINISTRATORS = frozenset({"int-pools", "int-pool"})
# Names of the object itself, which no rule speaks of.
NAMES = frozenset({"uuid", "fq_name"})

_Perms = dict[str, set[str]]


class Rules:
    """The rules of several lists, together: those of one object and field add up."""

    def __init__(self, said: Iterable[Any]) -> None:
        self._perms: dict[tuple[str, str], _Perms] = {}
        for rule in said:
            if isinstance(rule, Mapping) and rule.get("rule_object"):
                self._add(rule)

    def _add(self, rule: Mapping[str, Any]) -> None:
        place = str(rule["rule_object"]).replace("_", "-") if rule["rule_object"] != "/" else "/"
        perms = self._perms.setdefault((place, rule.get("rule_field") or ANY), {})
        for each in rule.get("rule_perms") or []:
            if isinstance(each, Mapping):
                perms.setdefault(str(each.get("role_name")).lower(), set()).update(str(each.get("role_crud") or "").upper())

    def allow(self, roles: Iterable[str], letter: str, thing: str, fields: Iterable[str] = ()) -> bool:
        """
        Whether one of the roles may do that to `thing`. A field that has a rule of its own must be allowed by it; the others, or the
        request when it names no field, are the rule's for the whole object, or else the rule's for everything.
        """
        roles = {*roles, ANY}
        own = [self._perms.get((thing, field)) for field in fields if field not in NAMES]
        ruled = [perms for perms in own if perms is not None]
        if not all(_grants(perms, roles, letter) for perms in ruled):
            return False
        if ruled and len(ruled) == len(own):
            return True
        whole = self._perms.get((thing, ANY), self._perms.get((ANY, ANY)))
        return whole is not None and _grants(whole, roles, letter)


def _grants(perms: _Perms, roles: Iterable[str], letter: str) -> bool:
    return any(letter in perms.get(role, ()) for role in roles)
