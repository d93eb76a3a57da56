"""What docs/kubernetes.md shows is what happens: its manifests, applied word for word, end in the status that it prints."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from tests.kube.sync.scene import Scene

GUIDE = (Path(__file__).parents[3] / "docs" / "kubernetes.md").read_text()


def block(language: str, marker: str) -> str:
    """The fenced block that has the marker in it."""
    (found,) = [text for text in re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL) if marker in text]
    return str(found)


async def test_the_guides_first_pod_has_the_status_that_it_shows(cluster: Scene) -> None:
    shown: list[dict[str, Any]] = json.loads(block("json", "eth1"))
    web = yaml.safe_load(block("yaml", "name: web"))
    web["spec"]["nodeName"] = "node-1"
    cluster.kube.kubectl.apply([yaml.safe_load(block("yaml", "name: blue")), web])

    async with cluster.worker():
        await cluster.complete("web")
    status = cluster.status("web")

    assert [entry | {"mac": ""} for entry in status] == [
        entry | {"mac": "", "name": entry["name"].replace("k8s-", f"{cluster.names.cluster}-")} for entry in shown
    ]


async def test_the_guides_mapped_network_is_used(cluster: Scene) -> None:
    data = yaml.safe_load(block("yaml", "name: data"))
    target = json.loads(data["metadata"]["annotations"]["opencontrail.org/network"])
    if await cluster.found("virtual-network", tuple(target.values())) is None:
        await cluster.network(tuple(target.values()), "10.20.0.0/24")
    web = yaml.safe_load(block("yaml", "name: web"))
    web["spec"]["nodeName"] = "node-1"
    web["metadata"]["annotations"] = {"k8s.v1.cni.cncf.io/networks": "data"}
    cluster.kube.kubectl.apply([data, web])

    async with cluster.worker():
        await cluster.complete("web")

    assert (await cluster.interfaces("web"))[1].network == target["name"]
