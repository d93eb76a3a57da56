"""One client's conversation with a Kubernetes API server, the double or a real one, through its kubeconfig."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
from lightkube.config.client_adapter import Client, ConnectionParams
from lightkube.config.kubeconfig import KubeConfig

from tests.kube.double import nad_definition, pod

Obj = dict[str, Any]

MERGE = "application/merge-patch+json"
JSON = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def pods_of(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/pods"


def nads_of(namespace: str) -> str:
    return f"/apis/k8s.cni.cncf.io/v1/namespaces/{namespace}/network-attachment-definitions"


def idle_pod(name: str, **more: Any) -> Obj:
    """A pod that no scheduler takes, so that nobody but the test writes to it."""
    made = pod(name, node="", schedulerName="nobody", **more)
    del made["metadata"]["namespace"]
    return made


class Api:
    """Requests by path; answers are checked by the test."""

    def __init__(self, kubeconfig: Path) -> None:
        config = KubeConfig.from_file(str(kubeconfig)).get()
        assert config is not None
        self._defined = False
        self.http: httpx2.Client = Client(config, ConnectionParams(timeout=httpx2.Timeout(15), trust_env=False))

    def get(self, path: str, **query: str | int) -> httpx2.Response:
        return self.http.get(path, params=query)

    def create(self, path: str, document: Any, **query: str) -> httpx2.Response:
        return self.http.post(path, json=document, params=query)

    def put(self, path: str, document: Any, **query: str) -> httpx2.Response:
        return self.http.put(path, json=document, params=query)

    def patch(self, path: str, patch: Any, media_type: str = MERGE, **query: str) -> httpx2.Response:
        return self.http.patch(path, content=json.dumps(patch), headers={"Content-Type": media_type}, params=query)

    def delete(self, path: str, options: Obj | None = None, **query: str) -> httpx2.Response:
        return self.http.request("DELETE", path, json=options, params=query)

    def made(self, path: str, document: Any) -> Obj:
        """What a create that must succeed stored."""
        response = self.create(path, document)
        assert response.status_code == 201, response.text
        stored: Obj = response.json()
        return stored

    def version(self, path: str) -> str:
        """The resourceVersion of a list taken now."""
        return str(self.get(path, limit=1).json()["metadata"]["resourceVersion"])

    @contextmanager
    def watch(self, path: str, **query: str | int) -> Iterator[Iterator[Obj]]:
        """The events of a watch; it ends by itself after ten seconds."""
        with self.http.stream("GET", path, params={"watch": "1", "timeoutSeconds": 10, **query}) as response:
            assert response.status_code == 200, response.read()
            yield (json.loads(line) for line in response.iter_lines())

    def gone(self, path: str, seconds: float = 20) -> bool:
        """Whether an object goes within a while."""
        deadline = time.monotonic() + seconds
        while self.get(path).status_code != 404:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def define_nads(self) -> None:
        """See to it that NetworkAttachmentDefinitions are served; `leave` takes away what this made."""
        response = self.create(DEFINITIONS, nad_definition())
        assert response.status_code in (201, 409)
        self._defined = self._defined or response.status_code == 201
        deadline = time.monotonic() + 20
        while self.get(nads_of("default")).status_code == 404:
            assert time.monotonic() < deadline, "the definition was never established"
            time.sleep(0.05)

    def leave(self) -> None:
        """Leave the cluster as it was found."""
        if self._defined:
            self.delete(f"{DEFINITIONS}/{nad_definition()['metadata']['name']}")


def names(listed: Obj) -> list[str]:
    return [item["metadata"]["name"] for item in listed["items"]]


def told(event: Obj) -> tuple[str, str]:
    """An event in short."""
    return event["type"], event["object"]["metadata"].get("name", "")
