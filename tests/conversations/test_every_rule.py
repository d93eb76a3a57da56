"""Every kind that the contract has rules for has a conversation file."""

import pytest

from tests.conversations.files import FOLDER

# Contract 3.4: the kinds for which it says more than what the schema says.
RULED = [
    "access-control-list",
    "address-group",
    "alarm",
    "alias-ip",
    "alias-ip-pool",
    "api-access-list",
    "application-policy-set",
    "bgp-as-a-service",
    "bgp-router",
    "bridge-domain",
    "domain",
    "firewall-policy",
    "firewall-rule",
    "floating-ip",
    "floating-ip-pool",
    "forwarding-class",
    "global-system-config",
    "global-vrouter-config",
    "instance-ip",
    "interface-route-table",
    "loadbalancer",
    "loadbalancer-healthmonitor",
    "loadbalancer-listener",
    "loadbalancer-member",
    "loadbalancer-pool",
    "logical-router",
    "namespace",
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
    "service-health-check",
    "service-instance",
    "service-template",
    "subnet",
    "tag",
    "tag-type",
    "virtual-DNS",
    "virtual-DNS-record",
    "virtual-machine",
    "virtual-machine-interface",
    "virtual-network",
    "virtual-router",
]


@pytest.mark.parametrize("kind", RULED)
def test_a_kind_with_rules_has_conversations(kind: str) -> None:
    assert (FOLDER / f"{kind}.yaml").exists()
