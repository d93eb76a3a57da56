"""The options of the commands that work on a cluster: each a field, which the command line or `NETWEAVE_...` fills."""

from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, field, fields
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

import netweave
from kube_sync.logs import LogFormat, LogLevel
from kube_sync.model.names import AUTO
from kube_sync.model.prefixes import GatewayPlace
from kube_sync.model.rules import (
    IP_FABRIC_SUBNET,
    POD_SUBNET,
    SERVICE_SUBNET,
    ExtraSource,
    NadDelete,
    NamespacePolicy,
    OverlapPolicy,
    Rules,
)
from kube_sync.model.status import StatusStyle
from kube_sync.settings import (
    LEASE,
    LEASE_DURATION,
    CompletedPods,
    InvalidAnnotations,
    Settings,
    cluster_name_of,
    namespaces_of,
    networks_of,
    project_of,
    subnets_of,
    template_of,
)

# The headings of the help, in its order.
CONFIGURATION, CLUSTER, NETWORKS, PODS, SAFETY, TELLING = (
    "Configuration API",
    "Cluster",
    "Networks",
    "Pods",
    "Safety",
    "What is told",
)
PANELS = (CONFIGURATION, CLUSTER, NETWORKS, PODS, SAFETY, TELLING)


def option(panel: str, help: str, *names: str, **more: Any) -> Any:  # noqa: A002 - typer's word
    """A typer option under one of the headings; without names it is called as its field."""
    return typer.Option(*names, help=help, rich_help_panel=panel, **more)


@dataclass(frozen=True)
class Options:
    """What a caller may say. A new switch is a field here, a field in Settings and a line in `settings`."""

    api_url: Annotated[str, option(CONFIGURATION, "Where the configuration API is.")] = netweave.DEFAULT_URL

    kubeconfig: Annotated[
        Path | None, option(CLUSTER, "Kubernetes configuration; without it KUBECONFIG, ~/.kube/config, or the cluster this runs in.")
    ] = None
    manifests: Annotated[
        Path | None,
        option(CLUSTER, "Manifests in place of a cluster: a folder, a file, or - for stdin.", "--manifests", "-f"),
    ] = None
    recursive: Annotated[bool, option(CLUSTER, "Read the folders in the folder of manifests too.", "--recursive", "-R")] = False
    cluster_name: Annotated[str, option(CLUSTER, "Prefix of the names and seed of the uuids of all objects.")] = "k8s"
    cluster_project: Annotated[
        str | None, option(CLUSTER, "One project for all namespaces, as name or domain:name; without it each has its own.")
    ] = None
    workers: Annotated[
        int, option(CLUSTER, "How many objects are looked at at the same time.", envvar="NETWEAVE_KUBE_WORKERS", min=1, max=64)
    ] = 8

    pod_subnet: Annotated[list[str], option(NETWORKS, "Addresses of the cluster-wide network; once for each prefix.")] = field(
        default_factory=lambda: [POD_SUBNET]
    )

    service_subnet: Annotated[list[str], option(NETWORKS, "Addresses of the cluster's services; no definition may use them.")] = field(
        default_factory=lambda: [SERVICE_SUBNET]
    )
    ip_fabric_subnet: Annotated[list[str], option(NETWORKS, "Addresses of the IP fabric; no definition may use them.")] = field(
        default_factory=lambda: [IP_FABRIC_SUBNET]
    )
    overlap_policy: Annotated[
        OverlapPolicy, option(NETWORKS, "With what a definition's prefix may share no address; deny adds all other definitions.")
    ] = Rules.overlap
    gateway: Annotated[GatewayPlace, option(NETWORKS, "Which host of a prefix is its gateway, unless an annotation says it.")] = (
        Rules.gateway
    )
    vn_name_template: Annotated[str, option(NETWORKS, "Names of definitions' networks: {cluster}, {namespace}, {nad} and text.")] = AUTO
    nad_delete: Annotated[
        NadDelete, option(NETWORKS, "Whether a deleted definition waits for its last pod, or leaves its network behind until then.")
    ] = Rules.nad_delete
    extra_nad_source: Annotated[ExtraSource, option(NETWORKS, "An annotation that is read as well.")] = Rules.extra_source

    nad_namespace_policy: Annotated[NamespacePolicy, option(PODS, "Of which other namespaces a pod may select definitions.")] = (
        Rules.nad_namespaces
    )
    nad_shared_namespace: Annotated[
        list[str], option(PODS, "A namespace whose definitions all pods may select, with --nad-namespace-policy list; repeat it for more.")
    ] = field(default_factory=list)
    status_style: Annotated[StatusStyle, option(PODS, "How network-status is written.")] = StatusStyle.STANDARD
    invalid_annotation: Annotated[
        InvalidAnnotations, option(PODS, "A pod whose selection cannot be read gets nothing, or the default network only.")
    ] = InvalidAnnotations.FAIL
    completed_pods: Annotated[
        CompletedPods, option(PODS, "Pods that succeeded or failed give their addresses back, or keep them until they are deleted.")
    ] = CompletedPods.RELEASE

    lease: Annotated[
        bool | None,
        option(SAFETY, "Work only while holding a Lease; on by default where this runs in the cluster.", "--lease/--no-lease"),
    ] = None
    lease_namespace: Annotated[str, option(SAFETY, "Where the Lease is; by default the namespace that this runs in.", metavar="NAME")] = ""
    lease_name: Annotated[str, option(SAFETY, "What it is called.", metavar="NAME")] = LEASE
    lease_duration: Annotated[
        float, option(SAFETY, "Seconds until a worker that died is followed by another.", min=3, max=600, metavar="SECONDS")
    ] = LEASE_DURATION
    adopt: Annotated[bool, option(SAFETY, "Take over what the old kube-manager made for a cluster of this name.", "--adopt")] = False
    adopt_network: Annotated[
        list[str],
        option(SAFETY, "A network that it made for a definition; once for each to take over.", metavar="DOMAIN:PROJECT:NAME"),
    ] = field(default_factory=list)
    allow_mass_delete: Annotated[bool, option(SAFETY, "Remove leftovers even if they are suspiciously many.", "--allow-mass-delete")] = (
        False
    )

    metrics_port: Annotated[int, option(TELLING, "Offer /metrics, /livez and /readyz at this port; 0 is off.", min=0, max=65535)] = 0
    metrics_host: Annotated[str, option(TELLING, "The address to offer them at; 0.0.0.0 for probes of a kubelet.")] = "127.0.0.1"
    log_format: Annotated[LogFormat, option(TELLING, "Log lines as JSON or text; auto is text on a terminal.")] = LogFormat.AUTO
    log_level: Annotated[LogLevel, option(TELLING, "The least that is logged.", envvar="NETWEAVE_KUBE_LOG_LEVEL")] = LogLevel.INFO

    def settings(self) -> Settings:
        """Checked settings; a SettingError names the first option at fault, and its value."""
        return Settings(
            cluster_name=cluster_name_of("--cluster-name", self.cluster_name),
            cluster_project=project_of("--cluster-project", self.cluster_project),
            rules=self._rules(),
            vn_name_template=template_of("--vn-name-template", self.vn_name_template),
            workers=self.workers,
            allow_mass_delete=self.allow_mass_delete,
            adopt=self.adopt,
            adopt_networks=networks_of("--adopt-network", self.adopt_network),
            status_style=self.status_style,
            invalid_annotation=self.invalid_annotation,
            completed_pods=self.completed_pods,
        )

    def _rules(self) -> Rules:
        return Rules(
            pod_subnets=subnets_of("--pod-subnet", self.pod_subnet),
            service_subnets=subnets_of("--service-subnet", self.service_subnet),
            ip_fabric_subnets=subnets_of("--ip-fabric-subnet", self.ip_fabric_subnet),
            overlap=self.overlap_policy,
            gateway=self.gateway,
            nad_namespaces=self.nad_namespace_policy,
            shared_namespaces=namespaces_of("--nad-shared-namespace", self.nad_shared_namespace),
            nad_delete=self.nad_delete,
            extra_source=self.extra_nad_source,
        )


def takes_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command as typer reads it: its parameter `options` is every field of Options, the others are its own."""
    own = [parameter for name, parameter in signature(command).parameters.items() if name != "options"]

    @wraps(command)
    def called(**given: Any) -> None:
        command(options=Options(**{each.name: given.pop(each.name) for each in fields(Options)}), **given)

    parameters = [*own, *map(_parameter, fields(Options))]
    called.__signature__ = Signature([each.replace(kind=Parameter.KEYWORD_ONLY) for each in parameters])  # type: ignore[attr-defined]
    return called


def _parameter(each: Field[Any]) -> Parameter:
    told = get_args(each.type)[1]
    told.envvar = told.envvar or f"NETWEAVE_{each.name.upper()}"
    default = each.default if each.default_factory is MISSING else each.default_factory()
    return Parameter(each.name, Parameter.KEYWORD_ONLY, default=default, annotation=each.type)
