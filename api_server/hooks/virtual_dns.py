"""A virtual DNS server has a domain of the DNS, and its domain's tenants see it (contract 3.4 virtual-DNS)."""

from collections.abc import Iterator
from typing import Any

from typing_extensions import override

from api_server.errors import Forbidden
from api_server.model.dns import is_dns_name, ttl_problem, version_of
from api_server.model.resource import Resource
from api_server.transaction import Hooks, Transaction

DATA, NEXT = "virtual_DNS_data", "next_virtual_DNS"
READ_AND_LINK = 5


class VirtualDns(Hooks):
    """Shares a new one with its domain, and refuses data that no resolver could use with 403."""

    @override
    async def before_create(self, tx: Transaction, new: Resource) -> None:
        assert new.parent is not None
        tenant = f"domain:{new.parent.uuid}"
        if all(one.get("tenant") != tenant for one in new.perms.share):
            new.perms.share = [*new.perms.share, {"tenant": tenant, "tenant_access": READ_AND_LINK}]
        await _check(tx, new)

    @override
    async def before_update(self, tx: Transaction, old: Resource, new: Resource) -> None:
        if old.properties.get(DATA) != new.properties.get(DATA):
            await _check(tx, new)


async def _check(tx: Transaction, new: Resource) -> None:
    data = new.properties.get(DATA) or {}
    problems = list(_problems(data))
    following = data.get(NEXT)
    if following and version_of(following) is None and not await tx.named(new.kind.name, following.split(":")):
        problems.append(f"{DATA}.{NEXT}: {following!r} is neither an address nor the name of a virtual-DNS")
    if problems:
        message = "; ".join(problems)
        raise Forbidden(message, field=DATA, problems=problems)


def _problems(data: dict[str, Any]) -> Iterator[str]:
    domain = data.get("domain_name")
    if domain and not is_dns_name(domain):
        yield f"{DATA}.domain_name: {domain!r} is no name of the DNS"
    if wrong := ttl_problem(data.get("default_ttl_seconds")):
        yield f"{DATA}.default_ttl_seconds: {wrong}"
    if wrong := ttl_problem((data.get("soa_record") or {}).get("negative_cache_ttl_seconds")):
        yield f"{DATA}.soa_record.negative_cache_ttl_seconds: {wrong}"
