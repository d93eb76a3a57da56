"""The links of a network to its ipams: what they declare, checked and completed (contract 4.1, 4.6)."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from sqlalchemy import Text, and_, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from api_server.ipam.declaration import Declaration, read_declaration
from api_server.ipam.freelist import Session
from api_server.ipam.plan import Plan, complete
from api_server.memory import Fact
from api_server.model.resource import Ref, is_uuid
from api_server.store.statements import Statement
from api_server.store.tables import reference, resource

FLAT = "flat-subnet"
# Under which an ipam's method is known, and which of its links a network keeps.
METHOD, KEPT = "method", "kept"
UUIDS = ARRAY(UUID(as_uuid=False))
METHODS = Statement(
    select(
        cast(resource.c.uuid, Text).label("uuid"),
        resource.c.modified,
        resource.c.properties["ipam_subnet_method"].astext.label("method"),
    ).where(resource.c.uuid == func.any(cast(bindparam("uuids"), UUIDS)))
)
_own = reference.alias("own")
BESIDE = Statement(
    select(cast(reference.c.target, Text).label("ipam"), cast(reference.c.source, Text).label("network"))
    .join(_own, _own.c.source == reference.c.source)
    .join(resource, resource.c.uuid == reference.c.target)
    .where(
        _own.c.target == bindparam("ipam"),
        reference.c.target != bindparam("ipam"),
        resource.c.properties["ipam_subnet_method"].astext == FLAT,
    )
)
_links = select(cast(reference.c.target, Text).label("ipam")).where(
    and_(reference.c.source == bindparam("network"), reference.c.target == func.any(cast(bindparam("ipams"), UUIDS)))
)
# Those who keep do not wait for one another; whoever unlinks waits for them, and they for it.
KEEP = Statement(_links.with_for_update(read=True, key_share=True))
UNLINK = Statement(_links.order_by(reference.c.target).with_for_update())


@dataclass
class Links:
    """A network's links in order: those to flat ipams, and what each of the others declares."""

    flat: list[Ref] = field(default_factory=list)
    declaring: list[tuple[Ref, list[Declaration]]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def declared(self) -> list[Declaration]:
        """All subnets that the links declare, in stored order."""
        return [one for _, declared in self.declaring for one in declared]

    def complete(self, planned: Plan, old: Sequence[Ref], *, bare: bool) -> None:
        """Write into the links what the server fills in; a flat link keeps its subnet_uuid while it lasts."""
        documents = iter(complete(self.declared, planned, bare=bare))
        for ref, declared in self.declaring:
            ref.attr = {**ref.attr, "ipam_subnets": [next(documents) for _ in declared]}
        stored = {ref.uuid: shown_uuid(ref) for ref in old}
        for ref in self.flat:
            uuid = stored.get(ref.uuid) or shown_uuid(ref) or str(uuid4())
            ref.attr = {**ref.attr, "ipam_subnets": [{"subnet_uuid": uuid}]}


async def read_links(session: Session, refs: Sequence[Ref]) -> Links:
    """What the refs to ipams say, with every fault as a sentence that names field and value."""
    flat = await flat_among(session, [ref.uuid for ref in refs]) if refs else set()
    links = Links()
    for index, ref in enumerate(refs):
        path = f"network_ipam_refs[{index}].attr.ipam_subnets"
        entries = ref.attr.get("ipam_subnets") if isinstance(ref.attr, Mapping) else None
        if not isinstance(entries, list):
            links.problems.append(f"{path}: {entries!r} is not a list of subnets")
        elif ref.uuid in flat:
            links.flat.append(ref)
            links.problems += _flat_problems(entries, path, ref)
        else:
            read = [read_declaration(entry, f"{path}[{position}]") for position, entry in enumerate(entries)]
            links.declaring.append((ref, [one for one, _ in read if one]))
            links.problems += [problem for _, problems in read for problem in problems]
    return links


async def flat_among(session: Session, ipams: Sequence[str]) -> set[str]:
    """Those of the ipams that have subnets of their own, which their networks share."""
    known = {one: session.ahead.fact(METHOD, one) for one in ipams if session.ahead.knows(METHOD, one)}
    methods = known | await _read_methods(session, [one for one in ipams if one not in known])
    return {one for one, method in methods.items() if method == FLAT}


async def look_ahead(session: Session, ipams: Collection[str]) -> None:
    """Know of these ipams what `read_links` will ask."""
    unknown = [one for one in ipams if not session.ahead.knows(METHOD, one)]
    for uuid, method in (await _read_methods(session, unknown)).items():
        session.ahead.learn(METHOD, uuid, method)


async def _read_methods(session: Session, ipams: Sequence[str]) -> dict[str, str | None]:
    rows = await session.fetch(METHODS, uuids=ipams) if ipams else []
    for row in rows:
        session.ahead.recall.note(METHOD, row["uuid"], Fact(row["method"], {row["uuid"]: row["modified"]}))
    return {row["uuid"]: row["method"] for row in rows}


async def flat_beside(session: Session, ipam: str) -> dict[str, list[str]]:
    """The other flat ipams of the networks that use this one, each with the networks that use both."""
    found: dict[str, list[str]] = {}
    for row in await session.fetch(BESIDE, ipam=ipam):
        found.setdefault(row["ipam"], []).append(row["network"])
    return found


async def keep_links(session: Session, network: str, ipams: Collection[str]) -> set[str]:
    """Those of the ipams that the network is linked to, and stays linked to until the transaction ends."""
    kept: set[str] = session.ahead.fact(KEPT, network) or set()
    if new := sorted(set(ipams) - kept):
        kept |= {row["ipam"] for row in await session.fetch(KEEP, network=network, ipams=new)}
    return kept & set(ipams)


async def keep_ahead(session: Session, network: str, ipams: Collection[str]) -> None:
    """Keep the links of the network for several who will ask."""
    session.ahead.learn(KEPT, network, await keep_links(session, network, ipams))


async def hold_links(session: Session, network: str, ipams: Collection[str]) -> None:
    """Wait for those who keep these links, so that what they hold in the ipams can be seen."""
    await session.fetch(UNLINK, network=network, ipams=list(ipams))


def shown_uuid(ref: Ref) -> str | None:
    """The subnet_uuid in a flat link."""
    entries = ref.attr.get("ipam_subnets") if isinstance(ref.attr, Mapping) else None
    return next((entry.get("subnet_uuid") for entry in entries if isinstance(entry, Mapping)), None) if entries else None


def _flat_problems(entries: Sequence[Any], path: str, ref: Ref) -> Iterator[str]:
    if any(isinstance(entry, Mapping) and entry.get("subnet") for entry in entries):
        yield f"{path}: {':'.join(ref.fq_name)} is flat, so a network's link to it has no subnets"
    elif (uuid := shown_uuid(ref)) and not is_uuid(uuid):
        yield f"{path}[0].subnet_uuid: {uuid!r} is not a uuid"
