"""One sound value for each property and each attribute of the catalog, for tests that walk every kind.

A value is complete (every field of every structure is filled) and comes back from the server as it was sent: numbers are numbers,
prefixes have no host bits, maps have one element a key. Two calls give the same value.
"""

import re
from collections.abc import Mapping
from typing import Any

from api_server.model.catalog import Catalog
from api_server.model.kind import Field, Kind, Property, RefRule

_UUID = "5f3b2a10-6c1d-4e8f-9a7b-1c2d3e4f5a6b"

# How strings look that mean something: the first pattern that fits the scalar's or the field's name.
_STRINGS = [
    (r"IpAddress|IpAddressType", "10.1.1.9"),
    (r"UuidStringType|.*uuids?|.*_uuid_list", _UUID),
    (r"CommunityAttribute", "64512:10"),
    (r"ServiceInterfaceType", "left"),
    (r"U32BitHexInt|U16BitHexInt", "0x00ff"),
    (r"SequenceNumberType|sequence", "1.0"),
    (r"TagType", "application"),
    (r"tags", "application=web"),
    (r"route_target", "target:64512:100"),
    (r"ip_prefix", "10.1.1.0"),
    (r"prefix.*", "10.1.1.0/24"),
    (r"mac|.*mac_address.*|.*_mac", "02:00:0a:01:01:09"),
    (r"start", "10.1.1.10"),
    (r"end", "10.1.1.20"),
    (r"pattern", "a.*"),
    (r"protocol", "tcp"),
    # Names of objects as policies and tables write them (contract 3.4 network-policy).
    (r"apply_service", "default-domain:default-project:firewall"),
    (r".*(gateway|address|_ip|nameservers)", "10.1.1.9"),
]
_SUBNET = {"ip_prefix": "10.1.1.0", "ip_prefix_len": 24}
_IPAM_SUBNET = {
    "subnet": _SUBNET,
    "subnet_uuid": _UUID,
    "subnet_name": "blue",
    "default_gateway": "10.1.1.1",
    "dns_server_address": "10.1.1.2",
    "enable_dhcp": True,
    "addr_from_start": True,
    "alloc_unit": 1,
    "allocation_pools": [{"start": "10.1.1.10", "end": "10.1.1.20", "vrouter_specific_pool": False}],
    "dns_nameservers": ["10.1.1.3"],
    "dhcp_option_list": {"dhcp_option": [{"dhcp_option_name": "6", "dhcp_option_value": "10.1.1.3"}]},
    "host_routes": {"route": [{"prefix": "10.2.0.0/16", "next_hop": "10.1.1.4"}]},
}

# Values that the rules of a structure decide, not its fields.
_STRUCTURES: dict[str, Any] = {
    "IpamSubnetType": _IPAM_SUBNET,
    # A tag of a sub-interface needs its primary (contract 3.4 virtual-machine-interface).
    "VirtualMachineInterfacePropertiesType": {"service_interface_type": "left", "local_preference": 100, "max_flows": 10},
    # One side only (contract 3.4 security-group, network-policy).
    "AddressType": {"virtual_network": "any"},
    # A service-instance as next hop needs the name of one (contract 3.4 route-table).
    "RouteType": {
        "prefix": "10.2.0.0/16",
        "next_hop": "10.1.1.4",
        "next_hop_type": "ip-address",
        "community_attributes": {"community_attribute": ["64512:10"]},
    },
    "FirewallRuleEndpointType": {"any": True},
    # Words that the evaluation knows (contract 5.4).
    "RbacRuleType": {"rule_object": "virtual-network", "rule_field": "mtu", "rule_perms": [{"role_name": "member", "role_crud": "CRU"}]},
    # The server writes the number of the protocol (contract 3.4 firewall family).
    "FirewallServiceType": {
        "protocol": "tcp",
        "protocol_id": 6,
        "src_ports": {"start_port": 0, "end_port": 65535},
        "dst_ports": {"start_port": 80, "end_port": 80},
    },
    # What a resolver could use (contract 3.4 virtual-DNS).
    "VirtualDnsType": {
        "domain_name": "example.com",
        "dynamic_records_from_client": True,
        "record_order": "fixed",
        "default_ttl_seconds": 10,
        "next_virtual_DNS": "10.1.1.9",
        "floating_ip_record": "dashed-ip",
        "external_visible": True,
        "reverse_resolution": True,
        "soa_record": {"negative_cache_ttl_seconds": 10},
    },
    "VirtualDnsRecordType": {
        "record_name": "www",
        "record_type": "A",
        "record_class": "IN",
        "record_data": "10.1.1.9",
        "record_ttl_seconds": 10,
        "record_mx_preference": 10,
        "record_source_name": "a name",
    },
    # One network, one mode that any network may have (contract 4.6).
    "VirtualNetworkType": {
        "allow_transit": True,
        "forwarding_mode": "l2_l3",
        "rpf": "enable",
        "mtu": 1400,
        "vxlan_network_identifier": 4711,
    },
    # Wide enough for the walk that makes the kinds it counts (contract 3.4 project).
    "QuotaType": {"defaults": -1, "virtual_network": 10_000, "subnet": 10_000, "virtual_machine_interface": 10_000},
}
_PROPERTIES: dict[tuple[str, str], Any] = {
    # Ranges of subnets belong to flat IPAMs (contract 3.4 network-ipam).
    ("network-ipam", "ipam_subnet_method"): "flat-subnet",
    ("network-ipam", "ipam_subnetting"): False,
    # The server adds these two keys to any bindings (contract 3.4 virtual-machine-interface).
    ("virtual-machine-interface", "virtual_machine_interface_bindings"): {
        "key_value_pair": [
            {"key": "host_id", "value": "node-1"},
            {"key": "vif_type", "value": "vrouter"},
            {"key": "vnic_type", "value": "normal"},
        ]
    },
    # The same target may not be imported and exported (contract 3.4 virtual-network).
    ("virtual-network", "export_route_target_list"): {"route_target": ["target:64512:101"]},
    ("virtual-network", "virtual_network_category"): "tenant",
    # One side is the group itself (contract 3.4 security-group).
    ("security-group", "security_group_entries"): {
        "policy_rule": [
            {
                "rule_uuid": _UUID,
                "direction": ">",
                "protocol": "tcp",
                "ethertype": "IPv4",
                "src_addresses": [{"security_group": "local"}],
                "src_ports": [{"start_port": 0, "end_port": 65535}],
                "dst_addresses": [{"subnet": _SUBNET}],
                "dst_ports": [{"start_port": 80, "end_port": 80}],
            }
        ]
    },
    # A name and its value make the name of the tag (contract 3.4 tag).
    ("tag", "tag_type_name"): "label",
    ("tag", "tag_value"): "web",
    ("global-system-config", "autonomous_system"): 64512,
    # A number though it is a text (contract 3.4 logical-router).
    ("logical-router", "vxlan_network_identifier"): "4712",
    ("global-system-config", "bgpaas_parameters"): {"port_start": 50000, "port_end": 50512},
}

# What the server alone may write, though the model names no narrower operations: contract 3.4 virtual-network (403).
_DRAWN = {("virtual-network", "virtual_network_network_id")}


def writable(kind: Kind) -> Mapping[str, Property]:
    """The properties that a user may give when creating: their operations have a C and the server does not draw them."""
    return {name: rule for name, rule in kind.properties.items() if "C" in rule.operations and (kind.name, name) not in _DRAWN}


def property_value(catalog: Catalog, kind: Kind, rule: Property) -> Any:
    """A value for that property of that kind."""
    if (kind.name, rule.name) in _PROPERTIES:
        return _PROPERTIES[kind.name, rule.name]
    return _value(catalog, rule)


def property_values(catalog: Catalog, kind: Kind) -> dict[str, Any]:
    """A value for every property that users may write."""
    return {name: property_value(catalog, kind, rule) for name, rule in writable(kind).items()}


def attribute_value(catalog: Catalog, rule: RefRule) -> Any:
    """A document for that ref; None where its type has none."""
    return _structure(catalog, rule.attr) if rule.attr else None


def _value(catalog: Catalog, field: Field) -> Any:
    value = _structure(catalog, field.type) if field.type in catalog.structures else _scalar(field)
    return [value] if field.array else value


def _structure(catalog: Catalog, name: str) -> Any:
    if name in _STRUCTURES:
        return _STRUCTURES[name]
    return {field: _value(catalog, rule) for field, rule in catalog.structures[name].items()}


def _scalar(field: Field) -> Any:
    if field.enum:
        return field.enum[0]
    match field.type:
        case "boolean":
            return True
        case "dateTime":
            return "2024-05-01T10:11:12.123456"
        case "integer" | "unsignedLong":
            return _number(field)
    return next(
        (text for pattern, text in _STRINGS if re.fullmatch(pattern, field.simple) or re.fullmatch(pattern, field.name)), f"a {field.name}"
    )


def _number(field: Field) -> int:
    """A number inside the range, and 24 for the length of a prefix."""
    wanted = 24 if field.name.endswith(("prefix_len", "prefix_length")) else 10
    low, high = field.low if field.low is not None else wanted, field.high if field.high is not None else wanted
    return max(low, min(high, wanted))
