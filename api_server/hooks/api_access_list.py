"""Rules of access say what they are about in words that the evaluation knows (contract 5.4): others would let nobody in, silently."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from typing_extensions import override

from api_server.errors import InvalidResource
from api_server.model.catalog import Catalog
from api_server.model.kind import Kind
from api_server.model.resource import Resource
from api_server.transaction import Hooks, Transaction

ENTRIES, RULES = "api_access_list_entries", "rbac_rule"
LETTERS, EVERY = "CRUD", "*"
# A kind, or the path of an action: which actions there are is not known here.
THING = re.compile("[A-Za-z0-9][A-Za-z0-9_/-]*")
# What every body may have besides properties and links.
COMMON = frozenset({"id_perms", "perms2", "parent_type", "parent_uuid", "parent_href", "uuid", "fq_name", "name", "href"})


class ApiAccessList(Hooks):
    """Refuses rules that cannot mean anything."""

    @override
    async def before_create(self, tx: Transaction, new: Resource) -> None:
        _check(tx.catalog, new)

    @override
    async def before_update(self, tx: Transaction, old: Resource, new: Resource) -> None:
        if old.properties.get(ENTRIES) != new.properties.get(ENTRIES):
            _check(tx.catalog, new)


def _check(catalog: Catalog, new: Resource) -> None:
    rules = (new.properties.get(ENTRIES) or {}).get(RULES) or []
    problems = [problem for index, rule in enumerate(rules) for problem in _problems(catalog, rule, f"{ENTRIES}.{RULES}[{index}]")]
    if problems:
        raise InvalidResource(new.kind.name, problems)


def _problems(catalog: Catalog, rule: Mapping[str, Any], path: str) -> Iterator[str]:
    thing, name = rule.get("rule_object"), rule.get("rule_field") or EVERY
    if not thing:
        yield f"{path}.rule_object: it is missing; {EVERY} is every object"
    elif thing not in (EVERY, "/") and not THING.fullmatch(thing):
        yield f"{path}.rule_object: {thing!r} is neither a kind, nor the path of an action, nor {EVERY}"
    elif (kind := catalog.find(thing)) and name != EVERY and name not in _fields(kind):
        yield f"{path}.rule_field: {name!r} is no field of {kind.name}"
    for index, perm in enumerate(rule.get("rule_perms") or []):
        crud = perm.get("role_crud") or ""
        if not set(crud.upper()) <= set(LETTERS):
            yield f"{path}.rule_perms[{index}].role_crud: {crud!r} has letters other than {LETTERS}"


def _fields(kind: Kind) -> set[str]:
    return {*COMMON, *kind.properties, *kind.refs, *kind.children, *kind.back_refs}
