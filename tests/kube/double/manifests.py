"""Manifests of common shape: pods that name networks, NetworkAttachmentDefinitions and their definition."""

import json
from typing import Any

Obj = dict[str, Any]

GROUP = "k8s.cni.cncf.io"
NETWORKS = "k8s.v1.cni.cncf.io/networks"


def pod(
    name: str,
    namespace: str = "default",
    *,
    networks: str = "",
    node: str = "node-1",
    annotations: dict[str, str] | None = None,
    **spec: Any,
) -> Obj:
    """A pod on a node (node="" leaves it unscheduled) with a networks annotation; more of its spec by keyword."""
    marks = ({NETWORKS: networks} if networks else {}) | (annotations or {})
    metadata: Obj = {"name": name, "namespace": namespace, "labels": {"app": name}} | ({"annotations": marks} if marks else {})
    place = {"nodeName": node} if node else {}
    containers = [{"name": "main", "image": "registry.example/pause:1"}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": containers} | place | spec}


def nad(
    name: str,
    namespace: str = "default",
    *,
    cidr: str = "",
    network: Obj | None = None,
    config: Obj | str | None = None,
    annotations: dict[str, str] | None = None,
) -> Obj:
    """A NetworkAttachmentDefinition: way A with a cidr, way B with a network (domain, project, name)."""
    own = {"opencontrail.org/cidr": cidr} if cidr else {}
    mapped = {"opencontrail.org/network": json.dumps(network)} if network else {}
    marks = own | mapped | (annotations or {})
    if config is None:
        config = {"cniVersion": "0.3.1", "type": "contrail-k8s-cni"}
    text = config if isinstance(config, str) else json.dumps(config)
    metadata: Obj = {"name": name, "namespace": namespace} | ({"annotations": marks} if marks else {})
    return {"apiVersion": f"{GROUP}/v1", "kind": "NetworkAttachmentDefinition", "metadata": metadata, "spec": {"config": text}}


def nad_definition() -> Obj:
    """The CustomResourceDefinition of NetworkAttachmentDefinition."""
    spec = {"type": "object", "properties": {"config": {"type": "string"}}}
    schema = {
        "type": "object",
        "properties": {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}, "spec": spec},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"network-attachment-definitions.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "plural": "network-attachment-definitions",
                "singular": "network-attachment-definition",
                "kind": "NetworkAttachmentDefinition",
                "shortNames": ["net-attach-def"],
            },
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }
