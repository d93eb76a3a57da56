"""What the rules of ports ask of other rows: machines behind ports, gateways on ports, MAC addresses in a network."""

import uuid as uuids
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Integer, Select, Text, and_, bindparam, case, cast, column, exists, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from api_server.ipam.freelist import Session
from api_server.ipam.tables import subnet
from api_server.memory import Fact
from api_server.model.resource import FqName, Link
from api_server.store.statements import Statement, beside
from api_server.store.tables import reference, resource

UUIDS = ARRAY(UUID(as_uuid=False))
# So many hexadecimal digits at the front of two ports' uuids make their first MAC address the same.
LIKE = 10
# Under which a network's default routing instance is known, and a port that is like no other.
INSTANCE, ALONE = "instance", "alone"
VMI, VM, IIP, RI = "virtual-machine-interface", "virtual-machine", "instance-ip", "routing-instance"

_machine = resource.alias("machine")
_of_port = reference.alias("of_port")
_linked = exists().where(_of_port.c.source == resource.c.uuid, _of_port.c.target == _machine.c.uuid, beside(_machine.c.kind == VM))
_linked_machine = (
    select(cast(_machine.c.uuid, Text))
    .select_from(_of_port.join(_machine, _machine.c.uuid == _of_port.c.target))
    .where(_of_port.c.source == resource.c.uuid, beside(_machine.c.kind == VM))
    .correlate(resource)
    .limit(1)
    .scalar_subquery()
)
ON_MACHINES = Statement(
    select(
        cast(resource.c.uuid, Text).label("port"),
        case((resource.c.parent_kind == VM, cast(resource.c.parent, Text)), else_=_linked_machine).label("machine"),
    )
    .where(resource.c.uuid == func.any(cast(bindparam("ports"), UUIDS)), or_(resource.c.parent_kind == VM, _linked))
    .limit(1)
)

HAS_MACHINES = Statement(
    select(literal_column("1"))
    .select_from(reference.join(resource, resource.c.uuid == reference.c.source))
    .where(reference.c.target == bindparam("network"), beside(resource.c.kind == VMI))
    .where(or_(resource.c.parent_kind == VM, _linked))
    .limit(1)
)

_port_link = reference.alias("port_link")
USE_IPAM = Statement(
    select(literal_column("1"))
    .select_from(reference)
    .join(_port_link, _port_link.c.target == reference.c.source)
    .join(resource, resource.c.uuid == _port_link.c.source)
    .where(reference.c.target == bindparam("ipam"), beside(resource.c.kind == VMI))
    .limit(1)
)
_host = cast(func.jsonb_build_array(func.jsonb_build_object("key", "host_id", "value", cast(bindparam("host"), Text))), JSONB)
BOUND_BESIDE = Statement(
    select(literal_column("1"))
    .where(
        beside(resource.c.kind == VMI),
        resource.c.uuid != bindparam("port"),
        or_(
            resource.c.parent == cast(bindparam("machine"), UUID(as_uuid=False)),
            resource.c.uuid.in_(select(reference.c.source).where(reference.c.target == cast(bindparam("machine"), UUID(as_uuid=False)))),
        ),
        resource.c.properties[("virtual_machine_interface_bindings", "key_value_pair")].op("@>")(_host),
    )
    .limit(1)
)

_address = resource.c.properties["instance_ip_address"].astext
_of_network = reference.alias("of_network")
_flat = reference.alias("flat")
_space = or_(
    subnet.c.space == _of_network.c.target,
    exists().where(_flat.c.source == _of_network.c.target, _flat.c.target == subnet.c.space),
)
ON_GATEWAY = Statement(
    select(_address.label("address"))
    .select_from(reference)
    .join(resource, and_(resource.c.uuid == reference.c.source, beside(resource.c.kind == IIP)))
    .join(_of_network, _of_network.c.source == resource.c.uuid)
    .join(subnet, and_(_space, func.host(subnet.c.gateway) == _address))
    .where(reference.c.target == bindparam("port"))
    .limit(1)
)

_port = resource.alias("port")
_link = reference.alias("link")
_mac = _port.c.properties[("virtual_machine_interface_mac_addresses", "mac_address", "0")].astext
# A sub-select in place of a join: a join would start from all ports of the network, be they ten thousand.
_in_network: Select[Any] = select(literal_column("true")).where(_link.c.source == _port.c.uuid, _link.c.target == bindparam("network"))
_taken = (
    select(func.array_agg(_mac))
    .select_from(_port)
    .where(
        # Nothing but ports has the property; asked for the kind too, PostgreSQL would look at every port there is.
        _port.c.uuid.between(bindparam("lowest"), bindparam("highest")),
        _in_network.scalar_subquery(),
        _mac == func.any(cast(bindparam("macs"), ARRAY(Text))),
    )
    .scalar_subquery()
)
_owner = resource.alias("owner")
_RI = [cast(resource.c.uuid, Text).label("uuid"), resource.c.fq_name, resource.c.modified, _owner.c.modified.label("network_modified")]
_default = resource.c.properties["routing_instance_is_default"].astext == literal_column("'true'")
NETWORK_OF_PORT = Statement(
    select(*_RI, _taken.label("taken"))
    .select_from(
        select(literal_column("1"))
        .subquery("one")
        .outerjoin(resource, and_(resource.c.parent == bindparam("network"), beside(resource.c.kind == RI), _default))
        .outerjoin(_owner, _owner.c.uuid == resource.c.parent)
    )
    .limit(1)
)
DEFAULT_INSTANCES = Statement(
    select(cast(resource.c.parent, Text).label("network"), *_RI)
    .join(_owner, _owner.c.uuid == resource.c.parent)
    .where(resource.c.parent == func.any(cast(bindparam("networks"), UUIDS)), beside(resource.c.kind == RI), _default)
)
_ranges = (
    func.unnest(cast(bindparam("lowest"), UUIDS), cast(bindparam("highest"), UUIDS))
    .table_valued(column("lowest", UUID(as_uuid=False)), column("highest", UUID(as_uuid=False)))
    .render_derived(name="ranges")
)
CROWDED = Statement(
    select(cast(_ranges.c.lowest, Text).label("lowest"), cast(_ranges.c.highest, Text).label("highest")).where(
        exists().where(resource.c.uuid.between(_ranges.c.lowest, _ranges.c.highest), beside(resource.c.kind == VMI))
    )
)

_tag = resource.c.properties[("virtual_machine_interface_properties", "sub_interface_vlan_tag")].astext
_peers = select(reference.c.target).where(reference.c.source == func.any(cast(bindparam("around"), UUIDS)))
TAGS = Statement(
    select(cast(resource.c.uuid, Text).label("uuid"), func.coalesce(cast(_tag, Integer), literal_column("0")).label("tag")).where(
        or_(resource.c.uuid == func.any(cast(bindparam("ports"), UUIDS)), resource.c.uuid.in_(_peers)), beside(resource.c.kind == VMI)
    )
)
CHECK_TYPE = ("service_health_check_properties", "health_check_type")
NOT_LOCAL = Statement(
    select(resource.c.fq_name).where(
        resource.c.uuid == func.any(cast(bindparam("checks"), UUIDS)),
        resource.c.properties[CHECK_TYPE].astext != literal_column("'link-local'"),
    )
)


async def on_machine(session: Session, ports: Collection[str]) -> tuple[str, str] | None:
    """One of these ports that belongs to a virtual machine, as its child or by a ref, and that machine."""
    rows = await session.fetch(ON_MACHINES, ports=list(ports)) if ports else []
    return (rows[0]["port"], rows[0]["machine"]) if rows else None


async def has_machines(session: Session, network: str) -> bool:
    """Whether a port of the network belongs to a virtual machine."""
    return bool(await session.fetch(HAS_MACHINES, network=network))


async def use_ipam(session: Session, ipam: str) -> bool:
    """Whether a network that uses the ipam has a port."""
    return bool(await session.fetch(USE_IPAM, ipam=ipam))


async def bound_beside(session: Session, port: str, machine: str, host: str) -> bool:
    """Whether another port of the machine is bound to the host."""
    return bool(await session.fetch(BOUND_BESIDE, port=port, machine=machine, host=host))


async def on_gateway(session: Session, port: str) -> bool:
    """Whether an instance-ip of the port has the gateway of a subnet as its address."""
    return bool(await session.fetch(ON_GATEWAY, port=port))


async def tags_of(session: Session, ports: Collection[str], around: str | None = None) -> dict[str, int]:
    """The sub-interface tags of these ports, and of all that the port `around` is linked with; 0 for none."""
    rows = await session.fetch(TAGS, ports=list(ports), around=[around] if around else [])
    return {row["uuid"]: row["tag"] for row in rows}


async def health_checks_that_are_not_local(session: Session, checks: Collection[str]) -> list[str]:
    """The names of those health checks that are of another type than link-local, the default."""
    return [":".join(row["fq_name"]) for row in await session.fetch(NOT_LOCAL, checks=list(checks))]


def derived_macs(port: str) -> list[str]:
    """The MAC addresses that a port's uuid yields, the first as contract 3.4 says, the others for a collision (contract 4.8)."""
    digits = port.replace("-", "")
    return [_mac_of(digits[at : at + 10]) for at in (0, 22, 20, 18, 2, 4)]


async def network_of_port(session: Session, network: str, port: str, macs: Iterable[str]) -> tuple[Link | None, str | None]:
    """The network's default routing instance, and the first of the MAC addresses that no port of the network with a like uuid has."""
    wanted, (lowest, highest) = list(macs), _alike(port)
    ahead = session.ahead
    if ahead.knows(INSTANCE, network) and (not wanted or ahead.knows(ALONE, port) or ahead.recall.presume_vacant(lowest, highest)):
        return ahead.fact(INSTANCE, network), next(iter(wanted), None)
    rows = await session.fetch(NETWORK_OF_PORT, network=network, lowest=lowest, highest=highest, macs=wanted)
    taken: Sequence[str] = rows[0]["taken"] or []
    free = next((one for one in wanted if one not in taken), wanted[-1] if wanted else None)
    return (_instance(session, network, rows[0]) if rows[0]["uuid"] else None), free


async def look_ahead(session: Session, networks: Collection[str], ports: Collection[str]) -> None:
    """Know what `network_of_port` tells of these networks and of those new ports whose uuids are like no other's."""
    unknown = [one for one in networks if not session.ahead.knows(INSTANCE, one)]
    rows = await session.fetch(DEFAULT_INSTANCES, networks=unknown) if unknown else []
    instances = {row["network"]: _instance(session, row["network"], row) for row in rows}
    for network in unknown:
        session.ahead.learn(INSTANCE, network, instances.get(network))
    twins = Counter(map(_alike, ports))
    ranges = {each: port for port in ports if twins[each := _alike(port)] == 1}
    if not all(session.ahead.recall.presume_vacant(*each) for each in ranges):
        lowest, highest = zip(*ranges, strict=True)
        for row in await session.fetch(CROWDED, lowest=lowest, highest=highest):
            del ranges[row["lowest"], row["highest"]]
    for port in ranges.values():
        session.ahead.learn(ALONE, port, fact=True)


def _alike(port: str) -> tuple[str, str]:
    """The lowest and the highest uuid that are so much like the port's that the first MAC address is the same."""
    digits = port.replace("-", "")[:LIKE]
    return str(uuids.UUID(digits.ljust(32, "0"))), str(uuids.UUID(digits.ljust(32, "f")))


def _instance(session: Session, network: str, row: Mapping[str, Any]) -> Link:
    name: FqName = tuple(row["fq_name"])
    instance = Link(RI, row["uuid"], name)
    session.ahead.recall.note(INSTANCE, network, Fact(instance, {network: row["network_modified"], instance.uuid: row["modified"]}))
    return instance


def _mac_of(digits: str) -> str:
    return ":".join(["02", *(digits[at : at + 2] for at in range(0, 10, 2))])
