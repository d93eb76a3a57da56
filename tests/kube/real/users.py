"""Users, schedulers and kubelets of a real cluster, with the verbs that the double has for them."""

import json
import threading
import time
from typing import Any

from tests.kube.conversation import APPLY, DEFINITIONS, MERGE, Api
from tests.kube.double import nad_definition
from tests.kube.double.cluster import Manifests, manifests_of
from tests.kube.double.kinds import BUILT_IN, CRD, NAMESPACE, POD, Kind, kind_of_definition
from tests.kube.double.targets import Target
from tests.kube.real.aliases import Aliases, path_of

Obj = dict[str, Any]
Objs = list[Obj]
KINDS = (*BUILT_IN, kind_of_definition(nad_definition()))
PATIENCE = 30.0
LABEL = "netweave.io/made-by-tests"


class Machinery:
    """What belongs to the whole cluster, and is made when a test needs it: nodes that no kubelet runs, the definition of NADs."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self._made: list[str] = []
        self._nodes: set[str] = set()

    def node(self, name: str) -> None:
        """See to it that there is such a node: pods of none are collected as garbage. No scheduler chooses it."""
        if name in self._nodes:
            return
        taint = {"key": LABEL, "effect": "NoSchedule"}
        node = {"metadata": {"name": name, "labels": {LABEL: ""}}, "spec": {"unschedulable": True, "taints": [taint]}}
        self._make("/api/v1/nodes", node)
        self._nodes.add(name)

    def definition(self, manifest: Obj) -> Obj:
        """See to it that the kind is served; a definition that is there, whoever made it, stays as it is. What is stored."""
        self._make(DEFINITIONS, manifest)
        kind = kind_of_definition(manifest)
        _until(lambda: self.api.get(f"{kind.path}/{kind.plural}").status_code == 200, f"{kind.plural} are served")
        stored: Obj = self.api.get(f"{DEFINITIONS}/{manifest['metadata']['name']}").json()
        return stored

    def clear(self) -> None:
        """Take away what was made."""
        for path in self._made:
            self.api.delete(path)

    def _make(self, path: str, document: Obj) -> None:
        response = self.api.create(path, document)
        assert response.status_code in (201, 409), response.text
        if response.status_code == 201:
            self._made.append(f"{path}/{document['metadata']['name']}")


class RealKubectl:
    """A user."""

    def __init__(self, machinery: Machinery, aliases: Aliases) -> None:
        self._machinery = machinery
        self._api = machinery.api
        self._aliases = aliases
        self.kubelet = RealKubelet(self)
        self.homes: list[str] = []

    def create(self, source: Manifests, namespace: str = "default") -> Objs:
        """Create objects."""
        return [self._write("POST", obj, namespace) for obj in manifests_of(source)]

    def apply(self, source: Manifests, namespace: str = "default") -> Objs:
        """Create objects or bring them to what the manifests say."""
        return [self._write("PATCH", obj, namespace) for obj in manifests_of(source)]

    def get(self, resource: str, name: str, namespace: str = "default") -> Obj | None:
        """An object, or None."""
        response = self._api.get(self._path(_kind(resource), namespace, name))
        if response.status_code == 404:
            return None
        return self._seen(_kind(resource), response.json())

    def list(self, resource: str, namespace: str = "") -> Objs:
        """The objects of a kind in one namespace or, without one, in all that are the test's."""
        kind = _kind(resource)
        response = self._api.get(self._path(kind, namespace))
        items = response.json()["items"] if response.status_code == 200 else []
        seen = (self._aliases.inward(item, kind.plural) for item in items)
        return [{"kind": kind.kind, "apiVersion": kind.api_version, **item} for item in seen if item is not None]

    def patch(self, resource: str, name: str, patch: Obj, namespace: str = "default", subresource: str = "") -> Obj:
        """Change an object by a merge patch."""
        kind = _kind(resource)
        response = self._api.patch(self._path(kind, namespace, name, subresource), self._aliases.outward(patch, kind.plural), MERGE)
        assert response.status_code == 200, response.text
        return self._seen(kind, response.json())

    def annotate(self, resource: str, name: str, annotations: dict[str, str | None], namespace: str = "default") -> Obj:
        """Set annotations; None removes one."""
        return self.patch(resource, name, {"metadata": {"annotations": annotations}}, namespace)

    def delete(self, resource: str, name: str, namespace: str = "default", *, grace: int | None = None) -> None:
        """Delete an object; of pods that were given time, the kubelet then thinks."""
        kind = _kind(resource)
        options = {} if grace is None else {"gracePeriodSeconds": grace}
        response = self._api.delete(self._path(kind, namespace, name), options)
        assert response.status_code in (200, 202), response.text
        if kind is NAMESPACE and self.kubelet.terminate_after is not None:
            self.end_all(name)
        elif kind is POD and grace != 0:
            self.kubelet.terminate_later(name, namespace)

    def end_all(self, namespace: str) -> None:
        """Let the pods of a namespace go at once."""
        for pod in self.list("pods", namespace):
            self.end(pod)

    def end(self, pod: Obj) -> None:
        """Let this pod go at once, unless it has gone or another has its name."""
        metadata = pod["metadata"]
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": metadata["uid"]}}
        response = self._api.delete(self._path(POD, metadata["namespace"], metadata["name"]), options)
        assert response.status_code in (200, 404, 409), response.text

    def events(self, reason: str = "", name: str = "") -> Objs:
        """The Events of a reason and about an object of a name; without them, all."""
        return [
            each for each in self.list("events") if reason in ("", each.get("reason")) and name in ("", each["involvedObject"].get("name"))
        ]

    def bind(self, name: str, namespace: str, node: str) -> Obj:
        """Give a pod its node."""
        self._machinery.node(node)
        target = {"apiVersion": "v1", "kind": "Node", "name": node}
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}, "target": target}
        response = self._api.create(self._path(POD, namespace, name, "binding"), binding)
        assert response.status_code == 201, response.text
        return self.get("pods", name, namespace) or {}

    def home(self, namespace: str) -> None:
        """See to it that the test has such a namespace, ready for pods."""
        if namespace in self.homes:
            return
        response = self._api.create("/api/v1/namespaces", {"metadata": {"name": self._aliases.outside(namespace)}})
        assert response.status_code in (201, 409), response.text
        self._settle(namespace)

    def _settle(self, namespace: str) -> None:
        account = f"/api/v1/namespaces/{self._aliases.outside(namespace)}/serviceaccounts/default"
        _until(lambda: self._api.get(account).status_code == 200, f"{namespace} is ready for pods")
        self.homes.append(namespace)

    def _write(self, method: str, obj: Obj, namespace: str) -> Obj:
        kind = _kind(obj["kind"])
        if kind is CRD:
            return self._machinery.definition(obj)
        metadata = obj["metadata"]
        home = (metadata.get("namespace") or namespace) if kind.namespaced else ""
        if home == "default":
            self.home(home)
        if node := (obj.get("spec") or {}).get("nodeName"):
            self._machinery.node(node)
        document = self._aliases.outward(obj, kind.plural)
        if method == "POST":
            response = self._api.create(self._path(kind, home), document)
        else:
            path = self._path(kind, home, metadata["name"])
            response = self._api.patch(path, document, APPLY, fieldManager="kubectl", force="true")
        assert response.status_code in (200, 201), response.text
        if kind is NAMESPACE and metadata["name"] not in self.homes:
            self._settle(metadata["name"])
        return self._seen(kind, response.json())

    def _path(self, kind: Kind, namespace: str, name: str = "", subresource: str = "") -> str:
        home = namespace if kind.namespaced else ""
        return path_of(self._aliases.target(Target("", kind.group, kind.version, kind.plural, home, name, subresource)))

    def _seen(self, kind: Kind, obj: Obj) -> Obj:
        seen = self._aliases.inward(obj, kind.plural)
        assert seen is not None, json.dumps(obj)
        return seen


class RealKubelet:
    """Schedulers and kubelets; `terminate_after` as the double has it."""

    def __init__(self, kubectl: RealKubectl) -> None:
        self._kubectl = kubectl
        self._addresses = 0
        self.terminate_after: float | None = 0.05

    def bind(self, name: str, namespace: str = "default", node: str = "node-1") -> Obj:
        """Give a pod its node, unless it has it."""
        pod = self._kubectl.get("pods", name, namespace) or {}
        return pod if pod["spec"].get("nodeName") == node else self._kubectl.bind(name, namespace, node)

    def set_phase(self, phase: str, name: str, namespace: str = "default", pod_ip: str = "") -> Obj:
        """Report a pod's phase and, if given, its address."""
        status = {"phase": phase} | ({"podIP": pod_ip, "podIPs": [{"ip": pod_ip}]} if pod_ip else {})
        return self._kubectl.patch("pods", name, {"status": status}, namespace, "status")

    def run(self, name: str, namespace: str = "default", node: str = "node-1") -> Obj:
        """Bind a pod and report it Running with an address."""
        self.bind(name, namespace, node)
        self._addresses += 1
        return self.set_phase("Running", name, namespace, f"10.200.{self._addresses // 250 % 250}.{self._addresses % 250 + 1}")

    def finish(self, name: str, namespace: str = "default") -> None:
        """Let a pod go at once."""
        self._kubectl.delete("pods", name, namespace, grace=0)

    def replace(self, name: str, namespace: str = "default") -> Obj:
        """Replace a pod by one of the same name and spec and another uid."""
        old = self._kubectl.get("pods", name, namespace)
        assert old is not None
        self.finish(name, namespace)
        metadata = {member: value for member, value in old["metadata"].items() if member in ("name", "labels", "annotations")}
        return self._kubectl.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": old["spec"]}, namespace)[0]

    def terminate_later(self, name: str, namespace: str) -> None:
        """Let a pod whose deletion was asked for go when its containers would have stopped."""
        pod = self._kubectl.get("pods", name, namespace)
        if pod is not None and self.terminate_after is not None:
            timer = threading.Timer(self.terminate_after, self._kubectl.end, (pod,))
            timer.daemon = True
            timer.start()


def _kind(resource: str) -> Kind:
    return next(kind for kind in KINDS if resource in (kind.plural, kind.singular, kind.kind, *kind.short_names))


def _until(what: Any, telling: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, f"not within {PATIENCE} s: {telling}"
        time.sleep(0.05)
