"""Requests that work on a fresh server, once the examples of the parents and referred kinds have been sent."""

from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from api_server.model.catalog import ROOT, Catalog
from api_server.model.kind import Kind

# Kinds of which a fresh server has one that others may live under (contract 6).
_PRESENT = {
    "domain": "default-domain",
    "project": "default-project",
    "global-system-config": "default-global-system-config",
    "global-vrouter-config": "default-global-vrouter-config",
    "global-qos-config": "default-global-qos-config",
    "policy-management": "default-policy-management",
}
_NAMES = {"route-target": "target:64512:1", "tag": "label=example"}
_PROJECT = ["default-domain", "default-project"]
_ANY_PORT = [{"start_port": 0, "end_port": 65535}]
_PREFIX = {"ip_prefix": "10.1.1.0", "ip_prefix_len": 24}

# What a create needs besides its name, or what makes its example worth reading.
_BODIES: dict[str, dict[str, Any]] = {
    "bgp-router": {"bgp_router_parameters": {"autonomous_system": 64512, "identifier": "192.0.2.1", "address": "192.0.2.1", "port": 179}},
    "firewall-rule": {
        "action_list": {"simple_action": "pass"},
        "direction": "<>",
        "endpoint_1": {"any": True},
        "endpoint_2": {"any": True},
        "service": {"protocol": "tcp", "src_ports": _ANY_PORT[0], "dst_ports": {"start_port": 80, "end_port": 80}},
    },
    "forwarding-class": {"forwarding_class_id": 1},
    "instance-ip": {"virtual_network_refs": [{"to": [*_PROJECT, "example-virtual-network"]}]},
    "loadbalancer-healthmonitor": {
        "loadbalancer_healthmonitor_properties": {"monitor_type": "PING", "delay": 5, "timeout": 5, "max_retries": 3, "admin_state": True}
    },
    "namespace": {"namespace_cidr": _PREFIX},
    "network-policy": {
        "network_policy_entries": {
            "policy_rule": [
                {
                    "direction": "<>",
                    "protocol": "any",
                    "src_addresses": [{"virtual_network": "any"}],
                    "src_ports": _ANY_PORT,
                    "dst_addresses": [{"virtual_network": "any"}],
                    "dst_ports": _ANY_PORT,
                    "action_list": {"simple_action": "pass"},
                }
            ]
        }
    },
    "security-group": {
        "security_group_entries": {
            "policy_rule": [
                {
                    "direction": ">",
                    "protocol": "any",
                    "ethertype": "IPv4",
                    "src_addresses": [{"security_group": "local"}],
                    "src_ports": _ANY_PORT,
                    "dst_addresses": [{"subnet": _PREFIX}],
                    "dst_ports": _ANY_PORT,
                }
            ]
        }
    },
    "subnet": {"subnet_ip_prefix": _PREFIX},
    "tag": {"tag_type_name": "label", "tag_value": "example"},
    "virtual-DNS": {
        "virtual_DNS_data": {
            "domain_name": "example.com",
            "dynamic_records_from_client": True,
            "record_order": "random",
            "default_ttl_seconds": 86400,
        }
    },
    "virtual-DNS-record": {
        "virtual_DNS_record_data": {
            "record_name": "www",
            "record_type": "A",
            "record_class": "IN",
            "record_data": "192.0.2.80",
            "record_ttl_seconds": 86400,
        }
    },
    "virtual-machine-interface": {"virtual_network_refs": [{"to": [*_PROJECT, "example-virtual-network"]}]},
    "virtual-network": {
        "network_ipam_refs": [{"to": [*_PROJECT, "default-network-ipam"], "attr": {"ipam_subnets": [{"subnet": _PREFIX}]}}],
        "annotations": {"key_value_pair": [{"key": "colour", "value": "blue"}]},
    },
    "virtual-router": {"virtual_router_ip_address": "192.0.2.10"},
}


def example_uuid(kind: Kind) -> str:
    """The uuid in the examples of that kind's paths: the same in every document."""
    return str(uuid5(NAMESPACE_URL, f"netweave:example:{kind.name}"))


def example_fq_name(catalog: Catalog, kind: Kind) -> list[str]:
    """The name of the example of that kind, under its first parent that is not the root."""
    parent = _parent(kind)
    above = _fq_name_above(catalog, catalog[parent]) if parent else []
    return [*above, _NAMES.get(kind.name, f"example-{kind.name}")]


def example_create(catalog: Catalog, kind: Kind) -> Mapping[str, Any]:
    """What a create of the example carries inside its wrapper."""
    parent = _parent(kind)
    place = {"parent_type": parent} if parent else {}
    return {"fq_name": example_fq_name(catalog, kind), **place, "display_name": f"Example {kind.name}", **_BODIES.get(kind.name, {})}


def example_update(kind: Kind) -> Mapping[str, Any]:
    """What an update of the example carries inside its wrapper; a tag's name is its type and value for good."""
    return {"id_perms": {"description": "Another tag"}} if kind.name == "tag" else {"display_name": f"Another {kind.name}"}


def _parent(kind: Kind) -> str:
    if "project" in kind.parents:
        return "project"
    return next((parent for parent in kind.parents if parent != ROOT), "")


def _fq_name_above(catalog: Catalog, kind: Kind) -> list[str]:
    if kind.name not in _PRESENT:
        return example_fq_name(catalog, kind)
    parent = _parent(kind)
    above = _fq_name_above(catalog, catalog[parent]) if parent else []
    return [*above, _PRESENT[kind.name]]
