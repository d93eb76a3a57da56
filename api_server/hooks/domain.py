"""A domain is shared with its own tenants (contract 3.4 domain)."""

from typing_extensions import override

from api_server.model.resource import Resource
from api_server.transaction import Hooks, Transaction

READ_AND_WRITE = 6


class Domain(Hooks):
    """Adds the share that lets the domain's own tenants see it and make projects in it."""

    @override
    async def before_create(self, tx: Transaction, new: Resource) -> None:
        tenant = f"domain:{new.uuid}"
        if all(one.get("tenant") != tenant for one in new.perms.share):
            new.perms.share = [*new.perms.share, {"tenant": tenant, "tenant_access": READ_AND_WRITE}]
