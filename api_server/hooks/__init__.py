"""What special kinds do beyond being stored: all that is special, in one list."""

from api_server.hooks.address_group import AddressGroup
from api_server.hooks.api_access_list import ApiAccessList
from api_server.hooks.application_policy_set import ApplicationPolicySet
from api_server.hooks.bgp_as_a_service import BgpAsAService
from api_server.hooks.bgp_router import BgpRouter
from api_server.hooks.bridge_domain import BridgeDomain
from api_server.hooks.domain import Domain
from api_server.hooks.firewall_policy import FirewallPolicy
from api_server.hooks.firewall_rule import FirewallRule
from api_server.hooks.floating_ip import FloatingIp
from api_server.hooks.floating_ip_pool import FloatingIpPool
from api_server.hooks.global_system_config import GlobalSystemConfig
from api_server.hooks.instance_ip import InstanceIp
from api_server.hooks.loadbalancer_healthmonitor import LoadbalancerHealthmonitor
from api_server.hooks.logical_router import LogicalRouter
from api_server.hooks.network_ipam import NetworkIpam
from api_server.hooks.network_policy import NetworkPolicy
from api_server.hooks.numbered_qos import NumberedQos
from api_server.hooks.project import Project
from api_server.hooks.route_table import RouteTable
from api_server.hooks.route_target import RouteTarget
from api_server.hooks.routing_instance import RoutingInstance
from api_server.hooks.security_group import SecurityGroup
from api_server.hooks.service_group import ServiceGroup
from api_server.hooks.service_instance import ServiceInstance
from api_server.hooks.tag import Tag
from api_server.hooks.tag_type import TagType
from api_server.hooks.virtual_dns import VirtualDns
from api_server.hooks.virtual_dns_record import VirtualDnsRecord
from api_server.hooks.virtual_machine_interface import VirtualMachineInterface
from api_server.hooks.virtual_network import VirtualNetwork
from api_server.hooks.virtual_router import VirtualRouter
from api_server.transaction import Hooks

HOOKS: dict[str, Hooks] = {
    "address-group": AddressGroup(),
    "alias-ip": FloatingIp("alias_ip"),
    "api-access-list": ApiAccessList(),
    "application-policy-set": ApplicationPolicySet(),
    "bgp-as-a-service": BgpAsAService(),
    "bgp-router": BgpRouter(),
    "bridge-domain": BridgeDomain(),
    "domain": Domain(),
    "firewall-policy": FirewallPolicy(),
    "firewall-rule": FirewallRule(),
    "floating-ip": FloatingIp(),
    "floating-ip-pool": FloatingIpPool(),
    "forwarding-class": NumberedQos("forwarding_class_id"),
    "global-system-config": GlobalSystemConfig(),
    "instance-ip": InstanceIp(),
    "interface-route-table": RouteTable("interface_route_table_routes"),
    "loadbalancer-healthmonitor": LoadbalancerHealthmonitor(),
    "logical-router": LogicalRouter(),
    "network-ipam": NetworkIpam(),
    "network-policy": NetworkPolicy(),
    "project": Project(),
    "qos-queue": NumberedQos("qos_queue_identifier"),
    "route-table": RouteTable(),
    "route-target": RouteTarget(),
    "routing-instance": RoutingInstance(),
    "security-group": SecurityGroup(),
    "service-group": ServiceGroup(),
    "service-instance": ServiceInstance(),
    "tag": Tag(),
    "tag-type": TagType(),
    "virtual-DNS": VirtualDns(),
    "virtual-DNS-record": VirtualDnsRecord(),
    "virtual-machine-interface": VirtualMachineInterface(),
    "virtual-network": VirtualNetwork(),
    "virtual-router": VirtualRouter(),
}
