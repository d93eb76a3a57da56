"""There is one global system config, made with the database; what it says others rely on (contract 3.4 global-system-config, 6)."""

import re
from collections.abc import Iterator

from typing_extensions import override

from api_server.errors import BadRequest, Conflict, InvalidResource
from api_server.ipam.numbers import route_targets
from api_server.ipam.pools import range_pool
from api_server.ipam.system import FOUR_BYTES, automatic_by_users, has_bgp_services
from api_server.model.resource import Resource
from api_server.model.route_target import LARGEST_SHORT
from api_server.transaction import Hooks, Transaction

NUMBER, PORTS, PATTERNS = "autonomous_system", "bgpaas_parameters", "user_defined_log_statistics"


class GlobalSystemConfig(Hooks):
    """Refuses a second one, and changes that what is there contradicts; the first cannot be deleted, as nothing that bootstrap made can."""

    @override
    async def before_create(self, tx: Transaction, new: Resource) -> None:
        if not tx.privileged:
            raise BadRequest("Only one Global System Config may exist, and it does: default-global-system-config", kind=new.kind.name)

    @override
    async def before_update(self, tx: Transaction, old: Resource, new: Resource) -> None:
        problems = [*_number_problems(new), *_port_problems(new), *_pattern_problems(new)]
        if problems:
            raise InvalidResource(new.kind.name, problems)
        asn = new.properties.get(NUMBER)
        if asn and asn != old.properties.get(NUMBER) and (found := await automatic_by_users(tx, asn)):
            holder, target = found
            problem = f"{NUMBER}: {holder} was given {target}, which the system would draw itself in AS {asn}"
            raise InvalidResource(new.kind.name, [problem])
        await _refuse_fewer_ports(tx, old, new)

    @override
    async def after_update(self, tx: Transaction, old: Resource, new: Resource) -> None:
        before, after = (route_targets(one.properties.get(NUMBER) or 0) for one in (old, new))
        if before != after:
            await range_pool(tx, after)


def _number_problems(new: Resource) -> Iterator[str]:
    asn = new.properties.get(NUMBER) or 0
    if asn > LARGEST_SHORT and not new.properties.get(FOUR_BYTES):
        yield f"{NUMBER}: {asn} is more than {LARGEST_SHORT}, which needs {FOUR_BYTES}"


def _ports(one: Resource) -> tuple[int, int]:
    """The ports of BGP services; what is not said is as the schema says."""
    said = one.properties.get(PORTS) or {}
    start, end = said.get("port_start"), said.get("port_end")
    return (50_000 if start is None else start), (50_512 if end is None else end)


def _port_problems(new: Resource) -> Iterator[str]:
    start, end = (port or 0 for port in _ports(new))
    if not 1 <= start < end <= 65_535:
        yield f"{PORTS}: {start} - {end} is no range of ports inside 1 - 65535"


def _pattern_problems(new: Resource) -> Iterator[str]:
    for statistic in (new.properties.get(PATTERNS) or {}).get("statlist") or []:
        pattern = statistic.get("pattern")
        try:
            re.compile(pattern or "")
        except (re.error, OverflowError, RecursionError) as why:
            yield f"{PATTERNS}[{statistic.get('name')}].pattern: {pattern!r:.200} is no regular expression: {why}"


async def _refuse_fewer_ports(tx: Transaction, old: Resource, new: Resource) -> None:
    (start, end), (first, last) = _ports(old), _ports(new)
    if (first > start or last < end) and await has_bgp_services(tx):
        message = f"{PORTS}: {start} - {end} can not shrink to {first} - {last} while a bgp-as-a-service exists"
        raise Conflict(message, field=PORTS)
