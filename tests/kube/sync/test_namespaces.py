"""Behaviours of namespaces: the double and the real server, a worker between them."""

import pytest

from tests.kube.double import pod
from tests.kube.sync.scene import Scene


@pytest.mark.double
async def test_without_rights_for_namespaces_it_is_told_and_pods_work(cluster: Scene) -> None:
    cluster.kube.faults.forbid(verb="list", resource="namespaces")
    cluster.kube.kubectl.apply(pod("web-0"))

    async with cluster.worker():
        message = await cluster.event("NamespacesUnavailable")
        await cluster.complete("web-0")

    assert "namespaces" in message
    assert len(await cluster.interfaces("web-0")) == 1
