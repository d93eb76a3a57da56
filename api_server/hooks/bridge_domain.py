"""A network has one bridge domain at most (contract 3.4 virtual-network)."""

from typing_extensions import override

from api_server.errors import InvalidResource
from api_server.model.resource import Resource
from api_server.transaction import Hooks, Transaction


class BridgeDomain(Hooks):
    """Refuses a second one; the network's row is held, so that of two creators one sees the other."""

    @override
    async def before_create(self, tx: Transaction, new: Resource) -> None:
        assert new.parent is not None
        await tx.lock([new.parent.uuid])
        if others := await tx.children(new.parent.uuid, new.kind.name):
            network, other = ":".join(new.parent.fq_name), others[0].uuid
            raise InvalidResource(new.kind.name, [f"virtual-network {network} already has the bridge-domain {other}, one is allowed"])
