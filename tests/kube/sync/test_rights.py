"""The worker's rights in a cluster: in every scene it asks for nothing that they do not allow, and here it uses each of them."""

import pytest

from kube_sync.clock import SystemClock
from kube_sync.cluster.http import HttpKubeApi, configuration
from kube_sync.cluster.lease import Lease, Place
from kube_sync.model.defaults import ISOLATION
from kube_sync.settings import LEASE
from tests.kube.double import nad, pod
from tests.kube.sync.rights import NAMESPACE, worker_account
from tests.kube.sync.scene import Scene

LEFT = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "left", "annotations": {ISOLATION: "true"}}}


@pytest.mark.double
async def test_a_worker_uses_every_right_that_an_installation_gives_it(scene: Scene) -> None:
    """A life in short: no definition at first, networks that come and go, leftovers of a time without a worker, an Event told again."""
    account = worker_account(scene.kube)
    scene.kubeconfig = scene.kube.kubeconfig(scene.kubeconfig, account=account)
    kubectl = scene.kube.kubectl
    kubectl.apply([pod("waits", networks="missing"), LEFT])

    await _lead_once(scene)
    async with scene.worker():
        await scene.event("NetworkNotFound", "waits")
        kubectl.apply([nad("blue", cidr="10.1.1.0/24"), nad("red", cidr="10.1.2.0/24"), pod("web-0", networks="blue")])
        await scene.complete("web-0")
        await scene.until(lambda: scene.found("project", scene.names.project("left")))
        await scene.settled()
    told = _times_told(scene, "waits")
    kubectl.delete("pods", "web-0", grace=0)
    kubectl.patch("net-attach-def", "red", {"metadata": {"finalizers": None}})
    kubectl.delete("net-attach-def", "red")
    kubectl.delete("namespaces", "left")
    async with scene.worker():
        await scene.gone("web-0")
        await scene.until(lambda: _is_gone(scene, "red"))
        await scene.until(lambda: scene.missing("project", scene.names.project("left")))
        await scene.kube.eventually(lambda: _times_told(scene, "waits") > told, 60)

    assert account.denied == []
    assert [right for right in account.rights if right not in account.used] == []


async def _lead_once(scene: Scene) -> None:
    clock = SystemClock()
    async with HttpKubeApi(configuration(scene.kubeconfig)) as api:
        lease = Lease(api, clock, Place(NAMESPACE, LEASE), "a worker")
        async with lease.campaign():
            await lease.begun()


async def _is_gone(scene: Scene, definition: str) -> bool:
    return await scene.found("virtual-network", scene.names.network("default", definition)) is None


def _times_told(scene: Scene, name: str) -> int:
    return sum(int(event["count"]) for event in scene.kube.kubectl.events("NetworkNotFound", name))
