"""A security group: its number, and rules that say what is let through (contract 3.4 security-group)."""

from typing_extensions import override

from api_server.errors import Forbidden, InvalidResource
from api_server.ipam.numbers import SECURITY_GROUP_IDS, claim_number, draw_number, release_numbers
from api_server.model.policy_rules import default_rules, group_problems, rules_of, settle_rules
from api_server.model.resource import Resource
from api_server.store.quotas import OTHER_RULES
from api_server.transaction import Hooks, Transaction

NUMBER, CONFIGURED, ENTRIES = "security_group_id", "configured_security_group_id", "security_group_entries"


class SecurityGroup(Hooks):
    """Numbers a group unless its users do, and keeps its rules."""

    @override
    async def before_create(self, tx: Transaction, new: Resource) -> None:
        if NUMBER in new.given:
            message = "Cannot set the security group ID"
            raise Forbidden(message, field=NUMBER)
        if tx.privileged and ENTRIES not in new.properties:
            # The default group of a project that was made before projects had one.
            new.properties[ENTRIES] = default_rules(new.fq_name)
        await _keep_rules(tx, None, new)
        # Bootstrap says which number its group has.
        kept = new.properties.get(NUMBER)
        if not kept or not await claim_number(tx, SECURITY_GROUP_IDS, kept, new.uuid):
            await _number(tx, new)

    @override
    async def before_update(self, tx: Transaction, old: Resource, new: Resource) -> None:
        # Null leaves the number (contract 2.7).
        number = new.properties.setdefault(NUMBER, old.properties.get(NUMBER))
        if number != old.properties.get(NUMBER):
            message = "Cannot change the security group ID"
            raise Forbidden(message, field=NUMBER)
        await _keep_rules(tx, old, new)
        if (old.properties.get(CONFIGURED) or 0) != (new.properties.get(CONFIGURED) or 0):
            await release_numbers(tx, new.uuid, SECURITY_GROUP_IDS)
            await _number(tx, new)


async def _keep_rules(tx: Transaction, old: Resource | None, new: Resource) -> None:
    before, after = rules_of(old, ENTRIES), rules_of(new, ENTRIES)
    if before == after:
        return
    if problems := list(group_problems(after, ENTRIES)):
        raise InvalidResource(new.kind.name, problems)
    settle_rules(old, new, ENTRIES)
    await tx.quotas.charge_parts(new, "security_group_rule", len(before), len(after), OTHER_RULES)


async def _number(tx: Transaction, new: Resource) -> None:
    """What the users configured, or the next one of the server's."""
    new.properties[NUMBER] = new.properties.get(CONFIGURED) or await draw_number(tx, SECURITY_GROUP_IDS, new.uuid)
