"""A virtual router's part of flat ipams: pools that are set aside for routers, each of one router (contract 3.4 virtual-router)."""

from collections.abc import Iterator, Sequence
from typing import Any

from typing_extensions import override

from api_server.errors import InvalidResource
from api_server.ipam.declaration import read_pool
from api_server.ipam.links import flat_among
from api_server.ipam.routers import Taken, declare_parts, pools_of_others
from api_server.ipam.subnet import Pool, Subnet, read_network
from api_server.ipam.subnets import read_spaces
from api_server.ipam.usage import refuse_router_holders
from api_server.model.resource import Ref, Resource
from api_server.transaction import Hooks, Transaction

IPAM = "network-ipam"


class VirtualRouter(Hooks):
    """Checks what the links to ipams say. The ipams are held, so that of two routers with one pool the second is refused."""

    @override
    async def before_create(self, tx: Transaction, new: Resource) -> None:
        await _check(tx, new)

    @override
    async def before_update(self, tx: Transaction, old: Resource, new: Resource) -> None:
        if _links(old) != _links(new):
            await _check(tx, new)

    @override
    async def after_create(self, tx: Transaction, new: Resource) -> None:
        if new.refs_to(IPAM):
            await declare_parts(tx, new.uuid)

    @override
    async def after_update(self, tx: Transaction, old: Resource, new: Resource) -> None:
        if _links(old) != _links(new):
            await declare_parts(tx, new.uuid)

    @override
    async def before_delete(self, tx: Transaction, old: Resource) -> None:
        await refuse_router_holders(tx, old.uuid)


def _links(one: Resource) -> list[Any]:
    return [(ref.uuid, ref.attr) for ref in one.refs_to(IPAM)]


async def _check(tx: Transaction, new: Resource) -> None:
    refs = new.refs_to(IPAM)
    if not refs:
        return
    ipams = [ref.uuid for ref in refs]
    await tx.lock(ipams)
    flat = await flat_among(tx, ipams)
    subnets = await read_spaces(tx, flat)
    taken = await pools_of_others(tx, new.uuid, ipams)
    problems = []
    for index, ref in enumerate(refs):
        path = f"network_ipam_refs[{index}]"
        if ref.uuid not in flat:
            problems.append(f"{path}: {':'.join(ref.fq_name)} is not a flat ipam")
            continue
        own = [one for one in subnets if one.space == ref.uuid]
        problems += [f"{path}.attr.{problem}" for problem in _problems(ref, own, [one for one in taken if one.ipam == ref.uuid])]
    if problems:
        raise InvalidResource(new.kind.name, problems)


def _problems(ref: Ref, subnets: Sequence[Subnet], taken: Sequence[Taken]) -> Iterator[str]:
    attr = ref.attr or {}
    aside = [pool for one in subnets for pool in one.pools if pool.for_routers]
    known: list[Pool] = []
    for index, document in enumerate(attr.get("allocation_pools") or []):
        pool = read_pool(document)
        if pool is None or int(pool.start) > int(pool.end):
            yield f"allocation_pools[{index}]: {document!r} is no range of addresses"
            continue
        yield from (
            f"allocation_pools[{index}]: {pool.start} - {pool.end} {problem}" for problem in _pool_problems(pool, aside, known, taken)
        )
        known.append(pool)
    cidrs = {one.cidr for one in subnets}
    for index, document in enumerate(attr.get("subnet") or []):
        if read_network(document.get("ip_prefix"), document.get("ip_prefix_len")) not in cidrs:
            yield f"subnet[{index}]: {document!r} is no subnet of {':'.join(ref.fq_name)}"


def _pool_problems(pool: Pool, aside: Sequence[Pool], known: Sequence[Pool], taken: Sequence[Taken]) -> Iterator[str]:
    if not any(one.covers(pool.start) and one.covers(pool.end) for one in aside):
        yield "is in no pool of the ipam with vrouter_specific_pool"
    if any(pool.meets(other) for other in known):
        yield "is given twice"
    for other in taken:
        if pool.meets(other.pool):
            yield f"is used by virtual-router {':'.join(other.router)}"
