"""The application policy set for all applications stays as long as its parent (contract 1.4.4, 3.4 project, firewall family)."""

from typing_extensions import override

from api_server.errors import BadRequest, Immutable
from api_server.model.resource import Resource
from api_server.store.scopes import refuse_refs_into_projects
from api_server.transaction import Hooks, Transaction

FLAG = "all_applications"


class ApplicationPolicySet(Hooks):
    """Keeps the flag for the server, refuses refs out of the scope, and lets a default set go along with its project only."""

    @override
    async def before_create(self, tx: Transaction, new: Resource) -> None:
        # The one that comes with a project was not asked for by a body.
        if FLAG in new.given and new.properties.get(FLAG):
            _refuse(tx)
        await refuse_refs_into_projects(tx, None, new)

    @override
    async def before_update(self, tx: Transaction, old: Resource, new: Resource) -> None:
        # Null leaves what the server set (contract 2.7).
        if FLAG in old.properties:
            new.properties.setdefault(FLAG, old.properties[FLAG])
        if bool(old.properties.get(FLAG)) != bool(new.properties.get(FLAG)):
            _refuse(tx)
        await refuse_refs_into_projects(tx, old, new)

    @override
    async def before_delete(self, tx: Transaction, old: Resource) -> None:
        along = old.parent is not None and old.parent.uuid in tx.leaving
        if old.properties.get(FLAG) and not along and not tx.privileged:
            message = "Application Policy Set defined on all applications cannot be deleted"
            raise BadRequest(message, kind=old.kind.name, uuid=old.uuid)


def _refuse(tx: Transaction) -> None:
    if not tx.privileged:
        message = f"{FLAG} of an application-policy-set is set by the server and can not be changed"
        raise Immutable(FLAG, message)
