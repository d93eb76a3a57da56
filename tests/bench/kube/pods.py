"""Pods as a real cluster has them: some 7 kB each, most of which says nothing to the worker."""

from typing import Any
from uuid import UUID

Obj = dict[str, Any]

NAMESPACES = 10
NODES = 200
NETWORKS = ("left", "right")  # of each namespace; with the cluster-wide one three interfaces a pod
_SELECTION = {"k8s.v1.cni.cncf.io/networks": ",".join(NETWORKS)}


def namespace(number: int) -> str:
    return f"team-{number % NAMESPACES}"


def networks() -> list[tuple[str, str, str]]:
    """Namespace, name and prefix of each network; a /16 holds the pods of one namespace."""
    return [
        (namespace(team), name, f"10.{120 + team * len(NETWORKS) + at}.0.0/16")
        for team in range(NAMESPACES)
        for at, name in enumerate(NETWORKS)
    ]


def running(number: int) -> Obj:
    """The pod of that number; what all pods share is one object."""
    app = f"storefront-{number // 20:05d}"
    metadata = {
        "name": f"{app}-6d4cf56db6-{number:06x}",
        "generateName": f"{app}-6d4cf56db6-",
        "namespace": namespace(number),
        "uid": str(UUID(int=(0xC0FFEE << 96) + (4 << 76) + (8 << 60) + number)),
        "creationTimestamp": "2026-11-24T08:00:00Z",
        "labels": {"app.kubernetes.io/name": app, "pod-template-hash": "6d4cf56db6"},
        "annotations": _ANNOTATIONS,
        "ownerReferences": _OWNERS,
        "managedFields": _MANAGED,
    }
    return {"metadata": metadata, "spec": _SPECS[number % NODES], "status": _STATUS}


def _container(name: str) -> Obj:
    variables = [{"name": f"{name.upper()}_SETTING_{at}", "value": f"https://settings.example/{name}/{at}"} for at in range(8)]
    probe = {"httpGet": {"path": "/healthz", "port": 8080, "scheme": "HTTP"}, "periodSeconds": 10, "failureThreshold": 3}
    return {
        "name": name,
        "image": f"registry.example/{name}@sha256:{'ab' * 32}",
        "env": variables,
        "resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "100m", "memory": "128Mi"}},
        "livenessProbe": probe,
        "readinessProbe": probe,
        "volumeMounts": [{"name": "token", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": True}],
        "terminationMessagePath": "/dev/termination-log",
        "imagePullPolicy": "IfNotPresent",
    }


def _state(name: str) -> Obj:
    return {
        "name": name,
        "state": {"running": {"startedAt": "2026-11-24T08:00:07Z"}},
        "ready": True,
        "restartCount": 0,
        "image": f"registry.example/{name}:1",
        "imageID": f"registry.example/{name}@sha256:{'ab' * 32}",
        "containerID": f"containerd://{'cd' * 32}",
    }


def _fields(names: list[str]) -> Obj:
    return {f"f:{name}": {} for name in names}


_CONTAINERS = [_container(name) for name in ("web", "proxy")]
_ANNOTATIONS = _SELECTION | {"checksum/config": "ef" * 32, "kubectl.kubernetes.io/restartedAt": "2026-11-24T08:00:00Z", "notes": "x" * 900}
_OWNERS = [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "storefront-6d4cf56db6", "uid": str(UUID(int=7)), "controller": True}]
_MANAGED = [
    {
        "manager": manager,
        "operation": "Update",
        "apiVersion": "v1",
        "time": "2026-11-24T08:00:00Z",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:status": _fields([f"{manager}-condition-{at}" for at in range(20)])},
    }
    for manager in ("kube-controller-manager", "kubelet")
]
_SPECS = [
    {
        "nodeName": f"node-{node}",
        "containers": _CONTAINERS,
        "restartPolicy": "Always",
        "serviceAccountName": "default",
        "schedulerName": "default-scheduler",
        "terminationGracePeriodSeconds": 30,
        "volumes": [{"name": "token", "projected": {"defaultMode": 420, "sources": [{"serviceAccountToken": {"path": "token"}}]}}],
    }
    for node in range(NODES)
]
_STATUS = {
    "phase": "Running",
    "hostIP": "192.168.0.1",
    "qosClass": "Burstable",
    "conditions": [{"type": name, "status": "True"} for name in ("Initialized", "Ready", "ContainersReady", "PodScheduled")],
    "containerStatuses": [_state(name) for name in ("web", "proxy")],
}
