"""What Prometheus and a kubelet see of a worker between a cluster and the configuration API (4.3)."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from kube_sync.instruments import PREFIX
from tests.kube.double import nad, pod
from tests.kube.sync.scene import Scene

ROOT = Path(__file__).parents[3]
COMMAND = "from netweave.cli import main; main()"


@contextmanager
def looked_at(cluster: Scene, log: Path) -> Iterator[httpx.Client]:
    """`netweave kube-sync` as a process of its own, and a client of what it shows."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {"api-url": cluster.api_url, "kubeconfig": cluster.kubeconfig, "cluster-name": cluster.names.cluster, "metrics-port": port}
    words = [f"--{name}={value}" for name, value in options.items()]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "clients")])}
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            [sys.executable, "-c", COMMAND, "kube-sync", "--log-level=debug", *words], env=environment, stderr=errors
        ) as worker,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        try:
            yield client
        finally:
            worker.terminate()


@pytest.mark.double
async def test_a_worker_shows_what_it_does_and_whether_it_can(cluster: Scene, tmp_path: Path) -> None:
    cluster.kube.kubectl.apply([nad("a", cidr="10.1.1.0/24"), pod("web-0", networks="a"), pod("web-1", networks="zz")])
    slow = cluster.kube.faults.refuse(503, verb="list", resource="pods")

    with looked_at(cluster, tmp_path / "log") as client:

        async def ready() -> httpx.Response | None:
            with suppress(httpx.ConnectError):
                return client.get("/readyz")
            return None

        early = await cluster.until(ready)
        live = client.get("/livez").status_code
        await cluster.kube.eventually(lambda: slow.hits > 0, 60)
        slow.cancel()
        await cluster.event("Attached", "web-0")
        await cluster.event("NetworkNotFound", "web-1")
        late = client.get("/readyz")
        families = {family.name: family for family in text_string_to_metric_families(client.get("/metrics").text)}

    def value(name: str, **labels: str) -> float:
        return sum(
            sample.value
            for family in families.values()
            for sample in family.samples
            if sample.name == f"{PREFIX}_{name}" and labels.items() <= sample.labels.items()
        )

    assert (live, early.status_code, late.status_code) == (200, 503, 200)
    assert [name for name, family in families.items() if not name.startswith(PREFIX) or not family.documentation] == []
    assert value("waiting", reason="NetworkNotFound") == 1
    assert value("reconcile_seconds_count", kind="Pod", result="in step") >= 1
    assert value("reconcile_seconds_count", kind="Pod", result="waits") >= 1
    assert value("queue_seconds_count", kind="NetworkAttachmentDefinition") >= 1
    assert value("status_patches_total", result="written") == 1
    assert value("events_total", result="written") >= 1
    assert value("cache_objects", resource="pods") == 2
    assert value("watch_restarts_total", resource="pods") >= 1
    assert value("config_api_seconds_count", verb="POST", status="200") >= 1
    assert value("network_addresses", network=":".join(cluster.names.network("default", "a")), family="v4", state="used") == 1
    assert str(cluster.kube.token) not in (tmp_path / "log").read_text()
