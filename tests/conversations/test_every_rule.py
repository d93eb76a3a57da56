"""Every kind that the contract has rules for has a conversation file."""

import pytest

from tests.conversations.files import FOLDER

# Contract 3.4: the kinds for which it says more than what the schema says.
RULED = [
    "access-control-list",
    "domain",
    "instance-ip",
    "interface-route-table",
    "network-ipam",
    "network-policy",
    "project",
    "route-table",
    "route-target",
    "routing-instance",
    "security-group",
    "virtual-machine",
    "virtual-machine-interface",
    "virtual-network",
]


@pytest.mark.parametrize("kind", RULED)
def test_a_kind_with_rules_has_conversations(kind: str) -> None:
    assert (FOLDER / f"{kind}.yaml").exists()
