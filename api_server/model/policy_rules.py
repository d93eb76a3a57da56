"""Rules of security groups and of network policies: what each must say, and which two are the same (contract 3.4)."""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any

from api_server.errors import DuplicateRule
from api_server.model.protocols import LARGEST, protocol_number
from api_server.model.resource import FqName, Resource, new_uuid
from api_server.model.scalars import shown

Rule = Mapping[str, Any]
# What a rule is known by or tells of itself, and does not do.
_OWN = frozenset({"rule_uuid", "created", "last_modified"})
SIDES = ("src_addresses", "dst_addresses")
LOCAL = "local"
PARTS_OF_NAME = 3


def rules_of(one: Resource | None, name: str) -> list[dict[str, Any]]:
    """The rules of a group or policy, which are under this property."""
    document = one.properties.get(name) if one else None
    rules: list[dict[str, Any]] = (document or {}).get("policy_rule") or []
    return rules


def settle_rules(old: Resource | None, new: Resource, name: str) -> None:
    """Give each rule a uuid, one that stays its own again; DuplicateRule when two are the same."""
    rules = rules_of(new, name)
    if not rules:
        return
    known = {_does(rule): rule.get("rule_uuid") for rule in rules_of(old, name)}
    uuids: dict[str, str] = {}
    settled = []
    for rule in rules:
        does = _does(rule)
        if does in uuids:
            raise DuplicateRule(uuids[does])
        uuids[does] = rule.get("rule_uuid") or known.get(does) or new_uuid()
        settled.append({**rule, "rule_uuid": uuids[does]})
    new.properties[name] = {**new.properties[name], "policy_rule": settled}


def _does(rule: Rule) -> str:
    """All that a rule does, in one text; what it leaves empty it does not say."""
    return repr(_said({name: value for name, value in rule.items() if name not in _OWN}))


def _said(value: Any) -> Any:
    if isinstance(value, Mapping):
        return sorted((name, _said(each)) for name, each in value.items() if each not in (None, "", [], {}))
    return [_said(each) for each in value] if isinstance(value, list) else value


def group_problems(rules: Sequence[Rule], path: str) -> Iterator[str]:
    """What is wrong with the rules of a security group (contract 3.4 security-group)."""
    for index, rule in enumerate(rules):
        at = f"{path}.policy_rule[{index}]"
        yield from _protocol_problems(rule, at)
        if not any(address.get("security_group") == LOCAL for side in SIDES for address in _addresses(rule, side)):
            yield f"{at}: neither src_addresses nor dst_addresses has the security_group {LOCAL!r}, one side is the group itself"
        yield from _family_problems(rule, at)


def _family_problems(rule: Rule, at: str) -> Iterator[str]:
    family = rule.get("ethertype")
    for side in SIDES if family else ():
        for place, address in enumerate(_addresses(rule, side)):
            for prefix in _prefixes(address):
                if f"IPv{ip_address(prefix).version}" != family:
                    yield f"{at}.{side}[{place}]: {prefix} is not {family}, which ethertype says"


def _prefixes(address: Rule) -> list[str]:
    subnets = [address.get("subnet"), *(address.get("subnet_list") or [])]
    return [prefix for subnet in subnets if (prefix := (subnet or {}).get("ip_prefix"))]


def policy_problems(rules: Sequence[Rule], path: str) -> Iterator[str]:
    """What is wrong with the rules of a network policy (contract 3.4 network-policy)."""
    for index, rule in enumerate(rules):
        at = f"{path}.policy_rule[{index}]"
        yield from _protocol_problems(rule, at)
        action = rule.get("action_list")
        if not action:
            yield f"{at}.action_list: it is missing, a rule must say what it does"
        for place, service in enumerate((action or {}).get("apply_service") or []):
            if not is_full_name(service):
                yield f"{at}.action_list.apply_service[{place}]: {shown(service)} is no service-instance as domain:project:name"
        for side in SIDES:
            for place, address in enumerate(_addresses(rule, side)):
                yield from _address_problems(address, f"{at}.{side}[{place}]")


def _address_problems(address: Rule, at: str) -> Iterator[str]:
    network, policy, group = (address.get(name) for name in ("virtual_network", "network_policy", "security_group"))
    subnet = address.get("subnet") or address.get("subnet_list")
    if group:
        yield f"{at}.security_group: {shown(group)} has no place in a network policy"
    elif sum(map(bool, (network, subnet, policy))) != 1:
        yield f"{at}: exactly one of virtual_network, subnet and network_policy must be given"
    if network and network not in ("any", LOCAL) and not is_full_name(network):
        yield f"{at}.virtual_network: {shown(network)} is neither any, local nor a network as domain:project:name"
    if policy and not is_full_name(policy):
        yield f"{at}.network_policy: {shown(policy)} is no policy as domain:project:name"


def _protocol_problems(rule: Rule, at: str) -> Iterator[str]:
    said = rule.get("protocol")
    if protocol_number(said) is None:
        yield f"{at}.protocol: {shown(said)} is no protocol: a name as any, tcp, udp, icmp, icmp6, or a number up to {LARGEST}"


def _addresses(rule: Rule, side: str) -> list[Rule]:
    return rule.get(side) or []


def is_full_name(text: object) -> bool:
    """Whether it names an object of a project, its elements joined by colons."""
    parts = text.split(":") if isinstance(text, str) else []
    return len(parts) >= PARTS_OF_NAME and all(parts)


def default_rules(group: FqName) -> dict[str, Any]:
    """What the group that every project has lets through: all that leaves, and what comes from its own members (contract 3.4 project)."""
    itself, own = {"security_group": LOCAL}, {"security_group": ":".join(group)}
    everybody = {f"IPv{net.version}": _subnet(net) for net in (IPv4Network((0, 0)), IPv6Network((0, 0)))}
    ports = {"start_port": 0, "end_port": 65535}
    return {
        "policy_rule": [
            {
                "rule_uuid": new_uuid(),
                "direction": ">",
                "protocol": "any",
                "ethertype": ethertype,
                "src_addresses": [source],
                "src_ports": [ports],
                "dst_addresses": [target],
                "dst_ports": [ports],
            }
            for ethertype, all_of_it in everybody.items()
            for source, target in ((own, itself), (itself, all_of_it))
        ]
    }


def _subnet(of: IPv4Network | IPv6Network) -> dict[str, Any]:
    return {"subnet": {"ip_prefix": str(of.network_address), "ip_prefix_len": of.prefixlen}}
