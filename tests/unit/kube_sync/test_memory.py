"""What a pod costs in memory, by which 50,000 of them fit (B44)."""

import json
import tracemalloc
from collections.abc import Iterator

from kube_sync.cluster.cache import REMEMBERED, Cache
from kube_sync.cluster.messages import page_of
from kube_sync.model.objects import Pod, pod_of
from tests.bench.kube.pods import running
from tests.unit.kube_sync.fakes import pod

PODS, PAGE = 300, 100
MOST = 150 * 2**20 / 50_000  # half of what the whole worker may have


def status(number: int) -> str:
    """A network-status with three interfaces, as it is written."""
    names = ("k8s-default/k8s-default-pod-network", "team-1/left", "team-1/right")
    entries = [
        {"name": name, "interface": f"eth{at}", "ips": [f"10.{at}.{number // 250}.{number % 250}"], "mac": "02:00:00:00:00:07", "dns": {}}
        for at, name in enumerate(names)
    ]
    return json.dumps(entries, indent=4)


def pages() -> Iterator[bytes]:
    for first in range(0, PODS, PAGE):
        items = []
        for number in range(first, first + PAGE):
            found = running(number)
            annotations = found["metadata"]["annotations"] | {"k8s.v1.cni.cncf.io/network-status": status(number)}
            items.append({**found, "metadata": found["metadata"] | {"annotations": annotations, "resourceVersion": str(10**8 + number)}})
        yield json.dumps({"metadata": {}, "items": items}).encode()


def test_b44_a_pod_of_seven_kilobytes_is_kept_in_three() -> None:
    cache: Cache[Pod] = Cache(lambda *_: None)
    listed = list(pages())
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    cache.replace(pod_of(item) for content in listed for item in page_of(content).items or ())
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(cache) == PODS
    assert sum(map(len, listed)) / PODS > 6500
    assert (after - before) / PODS < MOST


def test_b44_what_replicas_have_in_common_is_kept_once() -> None:
    first, second = (pod_of(json.dumps(running(number)).encode()) for number in (0, 200 * 10))

    assert first.selection is second.selection
    assert first.node is second.node
    assert first.key.namespace is second.key.namespace


def test_b44_only_so_many_past_states_are_remembered() -> None:
    cache: Cache[Pod] = Cache(lambda *_: None)
    for version in range(REMEMBERED + 10):
        cache.put(pod(version=str(version)))

    assert len(cache._past) == REMEMBERED
