"""The application policy set for all applications stays as long as its parent (contract 1.4.4, 3.4 project)."""

from typing_extensions import override

from api_server.errors import BadRequest
from api_server.model.resource import Resource
from api_server.transaction import Hooks, Transaction


class ApplicationPolicySet(Hooks):
    """Refuses to delete a default set but along with its project."""

    @override
    async def before_delete(self, tx: Transaction, old: Resource) -> None:
        along = old.parent is not None and old.parent.uuid in tx.leaving
        if old.properties.get("all_applications") and not along and not tx.privileged:
            message = "Application Policy Set defined on all applications cannot be deleted"
            raise BadRequest(message, kind=old.kind.name, uuid=old.uuid)
