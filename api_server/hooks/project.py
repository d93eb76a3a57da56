"""A project has an application policy set for all its applications and a security group from the start (contract 3.4 project)."""

from typing_extensions import override

from api_server.model.placement import DEFAULT_GROUP
from api_server.model.policy_rules import default_rules
from api_server.model.resource import Resource
from api_server.transaction import Hooks, Transaction

POLICY_SET = "application-policy-set"


class Project(Hooks):
    """Makes the default application policy set and refers to it, and the default security group."""

    @override
    async def after_create(self, tx: Transaction, new: Resource) -> None:
        policies = new.child(tx.catalog[POLICY_SET], f"default-{POLICY_SET}", all_applications=True)
        # The project waits to be stored, so the ref goes with it, and a deferred key is not needed.
        new.refer(policies.link)
        await tx.create(policies)
        name = (*new.fq_name, DEFAULT_GROUP)
        group = new.child(tx.catalog["security-group"], DEFAULT_GROUP, security_group_entries=default_rules(name))
        # A project whose quota allows no group has this one all the same.
        tx.quotas.exempt(group)
        await tx.create(group)
