"""Plans carried out: what is in use stays, what is new or changed is written (contract 4.6)."""

from collections.abc import Iterable, Sequence

from sqlalchemy import and_, bindparam, cast, exists, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, INET, UUID
from sqlalchemy.types import Text

from api_server.errors import InvalidResource, SubnetInUse
from api_server.ipam.addresses import ADDRESSES, OBJECT, RESERVED, returnable
from api_server.ipam.freelist import Session
from api_server.ipam.links import hold_links
from api_server.ipam.plan import Plan
from api_server.ipam.subnet import Subnet
from api_server.ipam.subnets import delete_subnets, insert_subnets, other_space_with, read_space, replace_subnet
from api_server.ipam.tables import address, subnet
from api_server.store.statements import Statement
from api_server.store.tables import reference, resource

LABELS = {"floating-ip": "Floating IP", "alias-ip": "Alias IP"}
UUIDS = ARRAY(UUID(as_uuid=False))

IN_SUBNETS = Statement(
    select(address.c.ip, resource.c.kind)
    .join(resource, resource.c.uuid == address.c.owner)
    .where(
        address.c.space == bindparam("space"),
        address.c.purpose == OBJECT,
        address.c.ip.op("<<=")(func.any(cast(bindparam("cidrs"), ARRAY(INET)))),
    )
    .order_by(address.c.ip)
    .limit(1)
)
_network = cast(bindparam("network"), UUID(as_uuid=False))
_pool = resource.alias("pool")
OF_NETWORK_IN_SPACES = Statement(
    select(address.c.ip, resource.c.kind)
    .join(resource, resource.c.uuid == address.c.owner)
    .where(
        # An instance-ip refers to its network, a floating or alias ip is in a pool below it.
        or_(
            exists().where(reference.c.source == resource.c.uuid, reference.c.target == _network),
            exists().where(_pool.c.uuid == resource.c.parent, _pool.c.parent == _network),
        ),
        address.c.space == func.any(cast(bindparam("spaces"), UUIDS)),
    )
    .order_by(address.c.ip)
    .limit(1)
)
_child = resource.alias("child")
# Told by others first: whoever refers to the space, and pools with their floating and alias ips below it.
_told = or_(
    exists().where(reference.c.target == bindparam("space"), ~reference.c.relaxed),
    exists().where(_child.c.parent == bindparam("space"), _child.c.kind.in_([literal_column(f"'{kind}-pool'") for kind in LABELS])),
)
HOLDER_IN_SPACE = Statement(
    select(address.c.ip, resource.c.kind, _told.label("told"))
    .join(resource, resource.c.uuid == address.c.owner)
    .where(address.c.space == bindparam("space"), address.c.purpose == OBJECT)
    .order_by(address.c.ip)
    .limit(1)
)
HOLDER_OF_ROUTER = Statement(
    select(address.c.ip, resource.c.kind)
    .join(subnet, subnet.c.uuid == address.c.subnet)
    .join(resource, resource.c.uuid == address.c.owner)
    .where(
        subnet.c.router == bindparam("router"),
        ~exists().where(reference.c.source == address.c.owner, reference.c.target == bindparam("router"), ~reference.c.relaxed),
    )
    .order_by(address.c.ip)
    .limit(1)
)
RELEASE_RESERVED = ADDRESSES.release(
    and_(
        address.c.owner == bindparam("network"),
        address.c.space == func.any(cast(bindparam("spaces"), UUIDS)),
        address.c.purpose == literal_column(f"'{RESERVED}'"),
    ),
    returnable,
)
# An object on a gateway holds no row of `address`: it is found through the network it refers to.
_on = resource.c.properties["instance_ip_address"].astext
ON_GATEWAYS = Statement(
    select(_on.label("ip"), resource.c.kind)
    .join(reference, reference.c.source == resource.c.uuid)
    .where(
        reference.c.target == func.any(cast(bindparam("networks"), UUIDS)),
        resource.c.kind == "instance-ip",
        _on == func.any(cast(bindparam("gateways"), ARRAY(Text))),
    )
    .limit(1)
)


async def carry_out(session: Session, kind: str, space: str, planned: Plan, networks: Sequence[str]) -> None:
    """Make the plan true, or raise what stands against it; `networks` are those whose objects may sit on a gateway of the space."""
    if twin := await other_space_with(session, planned.chosen, space):
        raise InvalidResource(kind, [f"subnet_uuid: {twin} is the uuid of another network's subnet"])
    if planned.gone:
        found = await session.fetch(IN_SUBNETS, space=space, cidrs=[str(one.cidr) for one in planned.gone])
        _refuse([(row["ip"], row["kind"]) for row in found])
        await refuse_on_gateways(session, planned.gone, networks)
        await delete_subnets(session, space, planned.gone)
    for old, new in planned.kept:
        if (old, old.position) != (new, new.position) and not await replace_subnet(session, old, new):
            raise InvalidResource(kind, [f"dns_server_address: {new.service_address} of {new.cidr} is in use"])
    await insert_subnets(session, planned.new)


async def refuse_on_gateways(session: Session, subnets: Iterable[Subnet], networks: Sequence[str]) -> None:
    """Raise if an object of these networks has the gateway of one of the subnets as its address."""
    gateways = [str(one.gateway) for one in subnets if one.gateway]
    if gateways and networks:
        found = await session.fetch(ON_GATEWAYS, networks=list(networks), gateways=gateways)
        _refuse([(row["ip"], row["kind"]) for row in found])


async def leave_spaces(session: Session, network: str, subnets: Sequence[Subnet]) -> None:
    """Raise if an object of the network holds an address of these flat subnets, which it is about to leave; reservations are freed."""
    spaces = sorted({one.space for one in subnets})
    if spaces:
        await hold_links(session, network, spaces)
        found = await session.fetch(OF_NETWORK_IN_SPACES, network=network, spaces=spaces)
        _refuse([(row["ip"], row["kind"]) for row in found])
        await refuse_on_gateways(session, subnets, [network])
        await release_reserved(session, network, spaces)


async def release_reserved(session: Session, network: str, spaces: Sequence[str]) -> None:
    """Free what `ip-alloc` took in the network's name in these flat ipams: it holds nobody back (contract 1.13)."""
    await session.fetch(RELEASE_RESERVED, network=network, spaces=list(spaces))


async def forget_space(session: Session, space: str) -> None:
    """Remove the subnets of a space that is about to go (contract 3.4 network-ipam).

    While an object has an address of it, those who refer to the space hold it back; where there are none, the address is told.
    """
    if not await refuse_holders(session, space):
        await delete_subnets(session, space, await read_space(session, space))


async def refuse_holders(session: Session, space: str) -> bool:
    """Raise if an object that nothing else tells of has an address of the space; whether any object has one."""
    found = await session.fetch(HOLDER_IN_SPACE, space=space)
    _refuse([(row["ip"], row["kind"]) for row in found if not row["told"]])
    return bool(found)


async def refuse_router_holders(session: Session, router: str) -> None:
    """Raise if an object that does not refer to the virtual router any more has an address of its pools."""
    _refuse([(row["ip"], row["kind"]) for row in await session.fetch(HOLDER_OF_ROUTER, router=router)])


def _refuse(holders: Iterable[tuple[object, str]]) -> None:
    for held, kind in holders:
        raise SubnetInUse(held, LABELS.get(kind, "IP"))
