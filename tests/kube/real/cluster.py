"""A real cluster as the worker's tests hold it: with the double's verbs, and without its faults."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.kube.double import Waiting
from tests.kube.real.aliases import Aliases
from tests.kube.real.gate import Gate
from tests.kube.real.users import Machinery, RealKubectl

# What every installation of the worker has.
INSTALLED = ("default", "netweave-system")


class RealCluster(Waiting):
    """Namespaces of one test in a cluster that others use too."""

    def __init__(self, machinery: Machinery, gate: Gate, url: str) -> None:
        self.kubectl = RealKubectl(machinery, gate.aliases)
        self.kubelet = self.kubectl.kubelet
        self.recorder = gate.recorder
        self._gate = gate
        self._url = url

    @property
    def open_watches(self) -> list[str]:
        """The plural of each open watch's kind."""
        return list(self._gate.open_watches)

    def kubeconfig(self, path: Path) -> Path:
        """Write a kubeconfig of what the worker may see."""
        path.write_text(
            yaml.safe_dump(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "gate",
                    "clusters": [{"name": "gate", "cluster": {"server": self._url}}],
                    "users": [{"name": "gate", "user": {}}],
                    "contexts": [{"name": "gate", "context": {"cluster": "gate", "user": "gate"}}],
                }
            )
        )
        return path

    def __getattr__(self, name: str) -> Any:
        pytest.fail(f"only the double has {name!r}: this test needs the marker `double`")

    def clear(self) -> None:
        """Take away what the test made, also what a finalizer holds; does not wait until it is gone."""
        for definition in self.kubectl.list("net-attach-def"):
            metadata = definition["metadata"]
            if metadata.get("finalizers"):
                self.kubectl.patch("net-attach-def", metadata["name"], {"metadata": {"finalizers": None}}, metadata["namespace"])
        for namespace in self.kubectl.list("namespaces"):
            if "deletionTimestamp" not in namespace["metadata"]:
                self.kubectl.delete("namespaces", namespace["metadata"]["name"])
            self.kubectl.end_all(namespace["metadata"]["name"])


@contextmanager
def real(machinery: Machinery, prefix: str) -> Iterator[RealCluster]:
    """A part of the cluster for one test."""
    gate = Gate(machinery.api, Aliases(prefix))
    with gate.open() as url:
        cluster = RealCluster(machinery, gate, url)
        for namespace in INSTALLED:
            cluster.kubectl.home(namespace)
        try:
            yield cluster
        finally:
            cluster.clear()
