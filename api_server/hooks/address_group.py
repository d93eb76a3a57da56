"""An address group is labelled and tagged with nothing else (contract 1.12, 3.4 firewall family)."""

from typing_extensions import override

from api_server.errors import InvalidResource
from api_server.model.resource import Resource
from api_server.store.scopes import refuse_refs_into_projects
from api_server.transaction import Hooks, Transaction

LABEL = "label="


class AddressGroup(Hooks):
    """Refuses tags of other types, whichever way they come, and refs out of the scope."""

    @override
    async def before_create(self, tx: Transaction, new: Resource) -> None:
        _refuse_tags(None, new)
        await refuse_refs_into_projects(tx, None, new)

    @override
    async def before_update(self, tx: Transaction, old: Resource, new: Resource) -> None:
        _refuse_tags(old, new)
        await refuse_refs_into_projects(tx, old, new)


def _refuse_tags(old: Resource | None, new: Resource) -> None:
    before = {ref.uuid for ref in old.refs_to("tag")} if old else set()
    others = [ref for ref in new.refs_to("tag") if ref.uuid not in before and not ref.fq_name[-1].startswith(LABEL)]
    if others:
        problems = [f"tag_refs: {ref.fq_name[-1]} is no label, an address-group takes labels" for ref in others]
        raise InvalidResource(new.kind.name, problems)
