"""What becomes of a status that the API server refuses (B47): a pod that is gone needs none, all else is an error that counts."""

from typing import Any
from unittest.mock import AsyncMock

import pytest

from kube_sync.cluster.api import KubeError, RefusedError, UnreachedError
from kube_sync.cluster.live import LiveCluster
from kube_sync.instruments import PREFIX, Instruments
from tests.unit.kube_sync.fakes import FakeClock, pod


def results(instruments: Instruments) -> dict[str, float]:
    (family,) = (family for family in instruments.registry.collect() if family.name == f"{PREFIX}_status_patches")
    return {sample.labels["result"]: sample.value for sample in family.samples if sample.name.endswith("_total")}


async def published(answer: Any) -> tuple[Instruments, list[Any]]:
    instruments, api = Instruments(), AsyncMock()
    api.patch.side_effect = [answer]
    raised: list[Any] = []
    try:
        await LiveCluster(api, FakeClock(), instruments=instruments).publish(pod("web-0", uid="u"), "[]")
    except KubeError as why:
        raised.append(why)
    return instruments, [*api.patch.call_args.args, *raised]


async def test_one_annotation_is_written_and_reaches_no_namesake() -> None:
    instruments, (path, body) = await published({})

    assert path == "/api/v1/namespaces/default/pods/web-0/status"
    assert body == {"metadata": {"uid": "u", "annotations": {"k8s.v1.cni.cncf.io/network-status": "[]"}}}
    assert results(instruments) == {"written": 1}


@pytest.mark.parametrize("status", [404, 409, 422])
async def test_a_pod_that_is_gone_or_replaced_needs_no_status(status: int) -> None:
    instruments, raised = await published(RefusedError("no", status=status))

    assert raised[2:] == []
    assert results(instruments) == {"gone": 1}


@pytest.mark.parametrize(
    ("why", "result"),
    [
        (RefusedError("no", status=403), "forbidden"),
        (RefusedError("no", status=500), "failed"),
        (UnreachedError("down", "refused"), "failed"),
    ],
)
async def test_every_other_no_is_counted_and_tried_again(why: KubeError, result: str) -> None:
    instruments, raised = await published(why)

    assert raised[2:] == [why]
    assert results(instruments) == {result: 1}
