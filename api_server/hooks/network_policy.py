"""A network policy: rules between networks (contract 3.4 network-policy)."""

from typing_extensions import override

from api_server.errors import InvalidResource
from api_server.model.policy_rules import policy_problems, rules_of, settle_rules
from api_server.model.resource import Resource
from api_server.transaction import Hooks, Transaction

ENTRIES = "network_policy_entries"


class NetworkPolicy(Hooks):
    """Checks the rules and gives each its uuid."""

    @override
    async def before_create(self, tx: Transaction, new: Resource) -> None:
        _keep_rules(None, new)

    @override
    async def before_update(self, tx: Transaction, old: Resource, new: Resource) -> None:
        if rules_of(old, ENTRIES) != rules_of(new, ENTRIES):
            _keep_rules(old, new)


def _keep_rules(old: Resource | None, new: Resource) -> None:
    if problems := list(policy_problems(rules_of(new, ENTRIES), ENTRIES)):
        raise InvalidResource(new.kind.name, problems)
    settle_rules(old, new, ENTRIES)
