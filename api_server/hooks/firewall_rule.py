"""A firewall rule says whom it lets talk to whom in names; the server keeps the refs and ids that follow (contract 3.4 firewall family)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from typing_extensions import override

from api_server.errors import Immutable, InvalidResource, NotFound, UnknownReference
from api_server.model.caller import LINK
from api_server.model.protocols import with_protocol_number
from api_server.model.resource import FqName, Ref, Resource, ref_name
from api_server.model.tags import read_hex, tag_name
from api_server.store.named import Name, read_named
from api_server.store.scopes import project_of, refuse_refs_into_projects
from api_server.transaction import Hooks, Transaction

SERVICE, GROUP, MATCH, MATCH_IDS = "service", "service-group", "match_tags", "match_tag_types"
ENDPOINTS = ("endpoint_1", "endpoint_2")
SIDES = ("subnet", "virtual_network", "address_group", "tags", "any")
# Refs that follow from the endpoints.
FOLLOWING = ("tag", "address-group", "virtual-network")
EVERYWHERE = "global:"


class FirewallRule(Hooks):
    """Checks the service and the endpoints, and writes what follows from them."""

    @override
    async def before_create(self, tx: Transaction, new: Resource) -> None:
        _check_service(new)
        await _follow(tx, None, new)
        await refuse_refs_into_projects(tx, None, new)

    @override
    async def before_update(self, tx: Transaction, old: Resource, new: Resource) -> None:
        if _service_of(old) != _service_of(new):
            _check_service(new)
        if _names_of(old) != _names_of(new) or _following(old) != _following(new):
            await _follow(tx, old, new)
        await refuse_refs_into_projects(tx, old, new)


# --- the service ---


def _service_of(one: Resource) -> list[Any]:
    return [one.properties.get(SERVICE), _uuids(one, GROUP)]


def _check_service(new: Resource) -> None:
    service, groups, problems = new.properties.get(SERVICE), new.refs_to(GROUP), []
    if service and groups:
        problems.append("service, service_group_refs: a rule has one of the two, here are both")
    if not service and not groups:
        problems.append("service, service_group_refs: a rule has one of the two, here is none")
    if len(groups) > 1:
        problems.append(f"service_group_refs: a rule has one, here are {len(groups)}")
    if service:
        new.properties[SERVICE], wrong = with_protocol_number(service, SERVICE)
        problems += wrong
    if problems:
        raise InvalidResource(new.kind.name, problems)


# --- what follows from names ---


@dataclass(slots=True)
class Derived:
    """What the server writes: refs by kind, the ids of each endpoint's tags, the ids of the types that must match."""

    refs: dict[str, list[Ref]] = field(default_factory=lambda: {kind: [] for kind in FOLLOWING})
    tag_ids: dict[str, list[int]] = field(default_factory=dict)
    match_ids: list[int] = field(default_factory=list)


def _names_of(one: Resource) -> list[Any]:
    return [one.properties.get(name) for name in (*ENDPOINTS, MATCH)]


def _following(one: Resource) -> list[Any]:
    return [one.properties.get(MATCH_IDS), *(_uuids(one, kind) for kind in FOLLOWING)]


def _uuids(one: Resource, kind: str) -> set[str]:
    return {ref.uuid for ref in one.refs_to(kind)}


async def _follow(tx: Transaction, old: Resource | None, new: Resource) -> None:
    """Write what follows from the names in the endpoints; a body may repeat it or what was stored, and say nothing else."""
    problems = list(_endpoint_problems(new))
    if problems:
        raise InvalidResource(new.kind.name, problems)
    derived = await _derive(tx, old, new)
    problems = list(_set_by_hand(old, new, derived))
    if problems:
        raise Immutable(problems[0], f"{', '.join(problems)}: the server derives it from the names in a firewall-rule, it can not be set")
    for kind, refs in derived.refs.items():
        new.refs[ref_name(kind)] = refs
        # A name in an endpoint links as a ref does (contract 5.5).
        for uuid in _uuids(new, kind) - (_uuids(old, kind) if old else set()):
            await tx.permit(LINK, uuid)
    for name in ENDPOINTS:
        if endpoint := new.properties.get(name):
            ids = {"tag_ids": derived.tag_ids[name]} if derived.tag_ids[name] else {}
            new.properties[name] = {**{key: value for key, value in endpoint.items() if key != "tag_ids"}, **ids}
    new.properties.pop(MATCH_IDS, None)
    if derived.match_ids:
        new.properties[MATCH_IDS] = {"tag_type": derived.match_ids}


def _endpoint(one: Resource | None, name: str) -> dict[str, Any]:
    return (one.properties.get(name) if one else None) or {}


def _endpoint_problems(new: Resource) -> Iterator[str]:
    for name in ENDPOINTS:
        given = [side for side in SIDES if _endpoint(new, name).get(side)]
        if len(given) > 1:
            yield f"{name}: it is one of {', '.join(SIDES)}, here are {' and '.join(given)}"


async def _derive(tx: Transaction, old: Resource | None, new: Resource) -> Derived:
    wanted = {name: list(_named(new, name)) for name in ENDPOINTS}
    types = [("tag-type", (str(said).lower(),)) for said in (new.properties.get(MATCH) or {}).get("tag_list") or [] if said]
    choices = [choice for names in wanted.values() for choice in names]
    found = await read_named(tx, [*types, *(name for choice in choices for name in choice)])
    derived = Derived()
    for endpoint, names in wanted.items():
        rows = [_first(found, choice, old, endpoint) for choice in names]
        derived.tag_ids[endpoint] = [number for row in rows if (number := read_hex(row["tag_id"])) is not None]
        for row in rows:
            refs = derived.refs[row["kind"]]
            if row["uuid"] not in {ref.uuid for ref in refs}:
                refs.append(Ref(row["kind"], row["uuid"], tuple(row["fq_name"])))
    rows = [_first(found, [name], old, f"{MATCH}.tag_list") for name in types]
    derived.match_ids = [number for row in rows if (number := read_hex(row["tag_type_id"])) is not None]
    return derived


def _named(new: Resource, endpoint: str) -> Iterator[list[Name]]:
    """What an endpoint names: for each the names under which it may be found, the nearest first."""
    said = _endpoint(new, endpoint)
    for kind, key in (("virtual-network", "virtual_network"), ("address-group", "address_group")):
        if said.get(key):
            yield [(kind, tuple(said[key].split(":")))]
    for tag in said.get("tags") or []:
        if tag:
            yield [("tag", name) for name in _places(new, str(tag))]


def _places(new: Resource, tag: str) -> list[FqName]:
    """A tag of the rule's project, else one of all; `global:` asks for one of all."""
    project = project_of(new)
    kind, _, value = tag.removeprefix(EVERYWHERE).partition("=")
    name = tag_name(kind, value)
    return [(name,)] if tag.startswith(EVERYWHERE) or project is None else [(*project, name), (name,)]


def _first(found: dict[Name, asyncpg.Record], choice: list[Name], old: Resource | None, field: str) -> asyncpg.Record:
    row = next((found[name] for name in choice if name in found), None)
    if row is None:
        kind, fq_name = choice[0]
        if old is None:
            raise UnknownReference(field, f"{kind} {list(fq_name)}")
        raise NotFound(f"Unknown reference in {field}: {kind} {list(fq_name)}", field=field)
    return row


def _set_by_hand(old: Resource | None, new: Resource, derived: Derived) -> Iterator[str]:
    """The names of what a body tells otherwise than the server would."""
    for kind in FOLLOWING:
        if _uuids(new, kind) not in ({ref.uuid for ref in derived.refs[kind]}, _uuids(old, kind) if old else set()):
            yield ref_name(kind)
    ids = (new.properties.get(MATCH_IDS) or {}).get("tag_type") or []
    before = ((old.properties.get(MATCH_IDS) if old else None) or {}).get("tag_type") or []
    if ids not in ([], before, derived.match_ids):
        yield MATCH_IDS
    for name in ENDPOINTS:
        if (_endpoint(new, name).get("tag_ids") or []) not in ([], _endpoint(old, name).get("tag_ids"), derived.tag_ids[name]):
            yield f"{name}.tag_ids"
