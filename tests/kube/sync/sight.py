"""What tests of faults look at: a worker's watches, the lists that were asked for, and all that pods have, to the last change."""

from typing import Any

from kube_sync.cluster.watched import Watched
from kube_sync.reconcile.worker import Worker
from tests.kube.double import KubeDouble
from tests.kube.sync.scene import Scene


def watched(worker: Worker, resource: str = "pods") -> Watched:
    return worker._source.watched[resource]


def whole_lists(kube: KubeDouble, resource: str) -> int:
    """How many lists began; a probe, which names a version, is none."""
    lists = kube.recorder.matching(verb="list", resource=resource)
    return len([each for each in lists if not {"resourceVersion", "continue"} & each.query.keys()])


async def everything_of(cluster: Scene, *pods: str) -> list[dict[str, Any]]:
    """All objects of these pods, with the moments at which they were last changed."""
    machines = [uuid for name in pods for uuid in await cluster.machines(name)]
    interfaces = await cluster.api.list("virtual-machine-interface", back_ref_id=machines, detail=True)
    uuids = [str(row["uuid"]) for row in interfaces]
    addresses = await cluster.api.list("instance-ip", back_ref_id=uuids, detail=True)
    return [*[await cluster.api.read("virtual-machine", uuid) for uuid in machines], *interfaces, *addresses]
