"""A day's work of the published vnc_api client; runs in .venv-vnc and prints what it saw as one JSON object.

    python vnc_scenario.py HOST PORT NAME

Everything lives under the domain NAME and is gone at the end.
"""

import json
import sys
import uuid
from collections.abc import Callable
from typing import Any

from vnc_api import exceptions, vnc_api

Seen = dict[str, Any]


def build(name: str) -> dict[str, Any]:
    """One object of each kind that a pod needs, parents and targets first."""
    domain = vnc_api.Domain(name)
    project = vnc_api.Project("project", domain)
    ipam = vnc_api.NetworkIpam("ipam", project)
    network = vnc_api.VirtualNetwork("network", project)
    subnet = vnc_api.IpamSubnetType(subnet=vnc_api.SubnetType("10.9.0.0", 24))
    network.add_network_ipam(ipam, vnc_api.VnSubnetsType([subnet]))
    machine = vnc_api.VirtualMachine(f"machine-{name}")
    machine.uuid = str(uuid.uuid4())
    port = vnc_api.VirtualMachineInterface("port", project)
    port.add_virtual_network(network)
    port.add_virtual_machine(machine)
    address = vnc_api.InstanceIp(f"address-{name}")
    address.add_virtual_network(network)
    address.add_virtual_machine_interface(port)
    return {
        "domain": domain,
        "project": project,
        "network_ipam": ipam,
        "virtual_network": network,
        "virtual_machine": machine,
        "virtual_machine_interface": port,
        "instance_ip": address,
    }


def verb(api: Any, kind: str, name: str) -> Callable[..., Any]:
    """The client's method for a verb: `virtual_network_create`."""
    method: Callable[..., Any] = getattr(api, f"{kind}_{name}")
    return method


def refusal(call: Callable[..., Any], *given: Any, **named: Any) -> str:
    """The name of the exception that the call ends in, "" for none."""
    try:
        call(*given, **named)
    except (exceptions.VncError, exceptions.BadRequest) as error:
        return type(error).__name__
    return ""


def create_and_read(api: Any, objects: dict[str, Any], copies: dict[str, Any]) -> Seen:
    """Every object made, then read by id, by name and in a list; its copy cannot be made."""
    seen: Seen = {}
    for kind, made in objects.items():
        answered = verb(api, kind, "create")(made)
        by_id = verb(api, kind, "read")(id=answered)
        listed = verb(api, f"{kind}s", "list")(obj_uuids=[answered])
        seen[kind] = {
            "uuid": answered,
            "read by id": by_id.uuid,
            "read by name": verb(api, kind, "read")(fq_name=made.get_fq_name()).uuid,
            "fq_name": [made.get_fq_name(), by_id.get_fq_name()],
            "fq_name_to_id": api.fq_name_to_id(kind, made.get_fq_name()),
            "id_to_fq_name": api.id_to_fq_name(answered),
            "listed": [each["uuid"] for each in next(iter(listed.values()))],
            "created twice": refusal(verb(api, kind, "create"), copies[kind]),
        }
    return seen


def update(api: Any, objects: dict[str, Any]) -> Seen:
    """Every object renamed, one after the other, with the client's own idea of what changed."""
    seen: Seen = {}
    for kind, made in objects.items():
        made.set_display_name(f"renamed {kind}")
        verb(api, kind, "update")(made)
        seen[kind] = verb(api, kind, "read")(id=made.uuid).get_display_name()
    return seen


def edit_annotations(api: Any, network: Any) -> Seen:
    """Annotations edited element by element (the client sends prop-collection-update)."""
    network.set_annotations(vnc_api.KeyValuePairs([vnc_api.KeyValuePair("first", "1")]))
    api.virtual_network_update(network)
    network.add_annotations(vnc_api.KeyValuePair("second", "2"))
    api.virtual_network_update(network)
    api.prop_map_set_element(network.uuid, "annotations", {"key": "third", "value": "3"})
    network.del_annotations(elem_position="first")
    api.virtual_network_update(network)
    pairs = api.virtual_network_read(id=network.uuid).get_annotations().get_key_value_pair()
    return {
        "annotations": {pair.get_key(): pair.get_value() for pair in pairs},
        "one annotation": api.prop_map_get(network.uuid, "annotations", "second"),
    }


def edit_refs(api: Any, project: Any, port: Any) -> Seen:
    """A security group put on the port and taken off, by ref_update and by the object."""
    group = vnc_api.SecurityGroup("group", project)
    api.security_group_create(group)
    edit = ("virtual-machine-interface", port.uuid, "security-group", group.uuid, group.get_fq_name())
    added = api.ref_update(*edit, "ADD")
    with_group = api.virtual_machine_interface_read(id=port.uuid)
    held = refusal(api.security_group_delete, id=group.uuid)
    api.ref_update(*edit, "DELETE")
    without = api.virtual_machine_interface_read(id=port.uuid)
    port.add_security_group(group)
    api.virtual_machine_interface_update(port)
    again = api.virtual_machine_interface_read(id=port.uuid)
    api.ref_relax_for_delete(port.uuid, group.uuid)
    api.security_group_delete(id=group.uuid)
    return {
        "ref_update": added,
        "refs": [[ref["to"] for ref in each.get_security_group_refs() or []] for each in (with_group, without, again)],
        "deleted while referred": held,
    }


def list_many(api: Any, name: str) -> Seen:
    """More ids than the client puts into a query: it posts to list-bulk-collection."""
    count = api.POST_FOR_LIST_THRESHOLD + 5
    made = [api.virtual_machine_create(vnc_api.VirtualMachine(f"many-{name}-{number}")) for number in range(count)]
    listed = api.virtual_machines_list(obj_uuids=made)["virtual-machines"]
    detailed = api.virtual_machines_list(obj_uuids=made, detail=True)
    for each in made:
        api.virtual_machine_delete(id=each)
    return {"asked": sorted(made), "listed": sorted(each["uuid"] for each in listed), "detailed": sorted(each.uuid for each in detailed)}


def address_verbs(api: Any, network: Any) -> Seen:
    """Addresses reserved without an object, counted and freed."""
    subnet = api.virtual_network_read(id=network.uuid).get_network_ipam_refs()[0]["attr"].get_ipam_subnets()[0].get_subnet_uuid()
    taken = api.virtual_network_ip_alloc(network, count=2)
    counted = json.loads(api.virtual_network_subnet_ip_count(network, [subnet]))
    api.virtual_network_ip_free(network, taken)
    return {"taken": taken, "counted": counted, "after": json.loads(api.virtual_network_subnet_ip_count(network, [subnet]))}


def numbers(api: Any, name: str) -> Seen:
    """A pool of two numbers, from its making to its end."""
    pool = f"pool-{name}"
    api.create_int_pool(pool, 5, 7)
    seen: Seen = {"made twice": refusal(api.create_int_pool, pool, 5, 7), "first": api.allocate_int(pool, "me")}
    seen |= {"owner": api.get_int_owner(pool, 5), "taken": refusal(api.set_int, pool, 5, "you")}
    api.set_int(pool, 6, "you")
    seen["exhausted"] = refusal(api.allocate_int, pool)
    api.deallocate_int(pool, 5)
    seen["again"] = api.allocate_int(pool)
    api.delete_int_pool(pool)
    return seen | {"gone": refusal(api.allocate_int, pool)}


def tag(api: Any, project: Any, network: Any, name: str) -> Seen:
    """A network tagged and untagged, and a firewall rule that names tags: made, and told others."""
    mine = vnc_api.Tag(tag_type_name="application", tag_value="web", parent_obj=project)
    everyones = vnc_api.Tag(tag_type_name="tier", tag_value=name)
    for each in (mine, everyones):
        api.tag_create(each)
    api.set_tag(network, "application", "web")
    api.set_tag(network, "tier", name, is_global=True)
    api.unset_tag(network, "application")
    tagged = [ref["to"] for ref in api.virtual_network_read(id=network.uuid).get_tag_refs()]
    unknown = refusal(api.set_tag, network, "tier", "nobody")
    api.unset_tag(network, "tier")
    service = vnc_api.FirewallServiceType(protocol="TCP", dst_ports=vnc_api.PortType(80, 80))
    ends = [vnc_api.FirewallRuleEndpointType(tags=["application=web"]), vnc_api.FirewallRuleEndpointType(any=True)]
    rule = vnc_api.FirewallRule("rule", project, service=service, endpoint_1=ends[0], endpoint_2=ends[1], direction="<>")
    api.firewall_rule_create(rule)
    first = api.firewall_rule_read(id=rule.uuid)
    first.set_endpoint_1(vnc_api.FirewallRuleEndpointType(tags=[f"global:tier={name}"]))
    api.firewall_rule_update(first)
    second = api.firewall_rule_read(id=rule.uuid)
    seen = {"names": [api.tag_read(id=mine.uuid).name, tagged], "unknown": unknown, "protocol": second.get_service().get_protocol_id()}
    seen["refs"] = [[ref["to"] for ref in each.get_tag_refs()] for each in (first, second)]
    seen["ids"] = [second.get_endpoint_1().get_tag_ids(), [int(api.tag_read(id=everyones.uuid).tag_id, 16)]]
    api.firewall_rule_delete(id=rule.uuid)
    for each in (mine, everyones):
        api.tag_delete(id=each.uuid)
    return seen


def limited(api: Any, project: Any) -> str:
    """What a project with a quota of one policy says to the second."""
    project.set_quota(vnc_api.QuotaType(network_policy=1))
    api.project_update(project)
    first = vnc_api.NetworkPolicy("one", project)
    api.network_policy_create(first)
    seen = refusal(api.network_policy_create, vnc_api.NetworkPolicy("two", project))
    api.network_policy_delete(id=first.uuid)
    return seen


def delete(api: Any, objects: dict[str, Any]) -> Seen:
    """What is still in use stays; then everything goes, last made first."""
    seen: Seen = {}
    for kind in ("domain", "project", "virtual_network", "virtual_machine", "virtual_machine_interface"):
        seen[f"{kind} in use"] = refusal(verb(api, kind, "delete"), id=objects[kind].uuid)
    for kind, made in reversed(objects.items()):
        verb(api, kind, "delete")(id=made.uuid)
        seen[f"{kind} gone"] = refusal(verb(api, kind, "read"), id=made.uuid)
    return seen


def observe(api: Any, name: str) -> Seen:
    """The whole day."""
    objects = build(name)
    seen = {"create": create_and_read(api, objects, build(name))}
    seen["address"] = api.instance_ip_read(id=objects["instance_ip"].uuid).get_instance_ip_address()
    seen["update"] = update(api, objects)
    seen["annotations"] = edit_annotations(api, objects["virtual_network"])
    seen["refs"] = edit_refs(api, objects["project"], objects["virtual_machine_interface"])
    seen["many"] = list_many(api, name)
    seen["addresses"] = address_verbs(api, objects["virtual_network"])
    seen["numbers"] = numbers(api, name)
    seen["tags"] = {"name": name, **tag(api, objects["project"], objects["virtual_network"], name)}
    seen["limited"] = {"second": limited(api, objects["project"])}
    seen["delete"] = delete(api, objects)
    return seen


if __name__ == "__main__":
    host, port_number, domain_name = sys.argv[1:]
    print(json.dumps(observe(vnc_api.VncApi(api_server_host=host, api_server_port=port_number), domain_name)))
