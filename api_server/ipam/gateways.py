"""The external networks of logical routers, which are none of those that the routers' ports are in (contract 3.4 logical-router)."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Text, bindparam, cast, func, literal_column, select
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from api_server.ipam.freelist import Session
from api_server.model.resource import Ref
from api_server.store.statements import Statement
from api_server.store.tables import reference, resource

TYPE = "logical_router_virtual_network_type"
UUIDS = ARRAY(UUID(as_uuid=False))
_link = reference.alias("link")
AMONG_PORTS = Statement(
    select(cast(reference.c.target, Text).label("network"))
    .where(
        reference.c.source == func.any(cast(bindparam("ports"), UUIDS)),
        reference.c.target == func.any(cast(bindparam("networks"), UUIDS)),
    )
    .limit(1)
)
OF_PORT = Statement(
    select(cast(_link.c.target, Text).label("network"), _link.c.attr[TYPE].astext.label("type"))
    .select_from(reference.join(resource, resource.c.uuid == reference.c.source).join(_link, _link.c.source == resource.c.uuid))
    .where(
        reference.c.target == bindparam("port"),
        resource.c.kind == literal_column("'logical-router'"),
        _link.c.target == func.any(cast(bindparam("networks"), UUIDS)),
    )
)


def is_gateway(kind: object) -> bool:
    """Whether a router's link of this type is to its external network; older clients do not say the type."""
    return kind in (None, "", "ExternalGateway")


def gateways_of(refs: Collection[Ref]) -> set[str]:
    """The external networks among the networks that a router refers to."""
    return {ref.uuid for ref in refs if is_gateway((ref.attr or {}).get(TYPE))}


async def network_of_ports(session: Session, ports: Collection[str], networks: Collection[str]) -> str | None:
    """One of the networks that one of the ports is in."""
    rows = await session.fetch(AMONG_PORTS, ports=list(ports), networks=list(networks)) if ports and networks else []
    return rows[0]["network"] if rows else None


async def gateway_of_routers(session: Session, port: str, networks: Collection[str]) -> str | None:
    """One of the networks that is the external network of a router which the port is an interface of."""
    rows: list[Any] = await session.fetch(OF_PORT, port=port, networks=list(networks))
    return next((row["network"] for row in rows if is_gateway(row["type"])), None)
