"""What special kinds do beyond being stored: all that is special, in one list."""

from api_server.hooks.application_policy_set import ApplicationPolicySet
from api_server.hooks.bridge_domain import BridgeDomain
from api_server.hooks.domain import Domain
from api_server.hooks.global_system_config import GlobalSystemConfig
from api_server.hooks.instance_ip import InstanceIp
from api_server.hooks.loadbalancer_healthmonitor import LoadbalancerHealthmonitor
from api_server.hooks.network_ipam import NetworkIpam
from api_server.hooks.project import Project
from api_server.hooks.routing_instance import RoutingInstance
from api_server.hooks.virtual_machine_interface import VirtualMachineInterface
from api_server.hooks.virtual_network import VirtualNetwork
from api_server.transaction import Hooks

HOOKS: dict[str, Hooks] = {
    "application-policy-set": ApplicationPolicySet(),
    "bridge-domain": BridgeDomain(),
    "domain": Domain(),
    "global-system-config": GlobalSystemConfig(),
    "instance-ip": InstanceIp(),
    "loadbalancer-healthmonitor": LoadbalancerHealthmonitor(),
    "network-ipam": NetworkIpam(),
    "project": Project(),
    "routing-instance": RoutingInstance(),
    "virtual-machine-interface": VirtualMachineInterface(),
    "virtual-network": VirtualNetwork(),
}
