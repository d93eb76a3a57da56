"""Every kind that the contract has rules for has a conversation file."""

import pytest

from tests.conversations.files import FOLDER

# Contract 3.4: the kinds for which it says more than what the schema says.
RULED = [
    "access-control-list",
    "address-group",
    "api-access-list",
    "application-policy-set",
    "domain",
    "firewall-policy",
    "firewall-rule",
    "forwarding-class",
    "instance-ip",
    "interface-route-table",
    "loadbalancer",
    "loadbalancer-healthmonitor",
    "loadbalancer-listener",
    "loadbalancer-member",
    "loadbalancer-pool",
    "network-ipam",
    "network-policy",
    "policy-management",
    "port-tuple",
    "project",
    "qos-config",
    "qos-queue",
    "route-table",
    "route-target",
    "routing-instance",
    "security-group",
    "service-group",
    "service-instance",
    "service-template",
    "tag",
    "tag-type",
    "virtual-ip",
    "virtual-machine",
    "virtual-machine-interface",
    "virtual-network",
]


@pytest.mark.parametrize("kind", RULED)
def test_a_kind_with_rules_has_conversations(kind: str) -> None:
    assert (FOLDER / f"{kind}.yaml").exists()
