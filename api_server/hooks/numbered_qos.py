"""Forwarding classes and QoS queues are known to vrouters by a number, each by its own (contract 3.4 qos)."""

from typing_extensions import override

from api_server.errors import InvalidResource
from api_server.model.resource import Resource
from api_server.store.unique import another_with
from api_server.transaction import Hooks, Transaction

PARENT = "global-qos-config"


class NumberedQos(Hooks):
    """Refuses a number that another object of the kind has; `name` is the property that holds it."""

    def __init__(self, name: str) -> None:
        self._name = name

    @override
    async def before_create(self, tx: Transaction, new: Resource) -> None:
        await self._refuse_taken(tx, new)

    @override
    async def before_update(self, tx: Transaction, old: Resource, new: Resource) -> None:
        if old.properties.get(self._name) != new.properties.get(self._name):
            await self._refuse_taken(tx, new)

    async def _refuse_taken(self, tx: Transaction, new: Resource) -> None:
        value = new.properties.get(self._name)
        # What is given as falsy is stored as it is: 0 is a number, "" and [] are none.
        if not isinstance(value, int) or isinstance(value, bool):
            return
        if other := await another_with(tx, PARENT, new.kind.name, new.uuid, self._name, value):
            raise InvalidResource(new.kind.name, [f"{self._name}: {value} is that of the {new.kind.name} {other} already"])
