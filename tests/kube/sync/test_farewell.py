"""`kube-sync release-finalizers`: a cluster without the worker must be able to delete its definitions."""

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kube_sync.commands import kube_sync
from tests.kube.double import nad
from tests.kube.sync.scene import Scene

FINALIZER = "netweave.io/network"


def held(name: str, namespace: str = "default", *others: str) -> dict[str, object]:
    manifest = nad(name, namespace, cidr="10.1.1.0/24")
    manifest["metadata"]["finalizers"] = [FINALIZER, *others]
    return manifest


async def release(kubeconfig: Path, *arguments: str) -> tuple[int, str]:
    """What the command leaves with, and what it tells."""

    def run() -> tuple[int, str]:
        done = CliRunner().invoke(kube_sync, ["release-finalizers", "--kubeconfig", str(kubeconfig), *arguments])
        return done.exit_code, done.output

    return await asyncio.to_thread(run)


def finalizers(cluster: Scene, name: str, namespace: str = "default") -> list[str] | None:
    found = cluster.kube.kubectl.get("net-attach-def", name, namespace)
    return found["metadata"].get("finalizers", []) if found else None


async def test_ours_is_taken_off_every_definition_and_what_waited_for_it_goes(cluster: Scene) -> None:
    cluster.kube.kubectl.apply({"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "other"}})
    cluster.kube.kubectl.apply([held("blue"), held("shared", "default", "example.org/theirs"), held("red", "other"), nad("plain")])
    cluster.kube.kubectl.delete("net-attach-def", "red", "other")

    one = await release(cluster.kubeconfig, "--namespace", "other")
    untouched = finalizers(cluster, "blue")
    rest = await release(cluster.kubeconfig)
    again = await release(cluster.kubeconfig)

    assert one == (0, "NetworkAttachmentDefinition other/red: released\n1 released, 0 kept\n")
    assert untouched == [FINALIZER]
    assert [finalizers(cluster, name) for name in ("blue", "shared", "plain")] == [[], ["example.org/theirs"], []]
    assert finalizers(cluster, "red", "other") is None
    assert rest[0] == 0
    assert again == (0, "0 released, 0 kept\n")


async def test_a_cluster_without_definitions_has_nothing_to_release(scene: Scene) -> None:
    assert await release(scene.kubeconfig) == (0, "0 released, 0 kept\n")


@pytest.mark.double
async def test_one_that_cannot_be_released_is_told_and_holds_up_no_other(cluster: Scene) -> None:
    cluster.kube.kubectl.apply([held("blue"), held("green"), held("red")])
    cluster.kube.faults.refuse(409, verb="patch", name="blue", times=1)
    cluster.kube.faults.forbid(verb="patch", name="green")

    code, told = await release(cluster.kubeconfig)

    assert code == 1
    assert "default/green: kept: " in told
    assert [finalizers(cluster, name) for name in ("blue", "green", "red")] == [[], [FINALIZER], []]
