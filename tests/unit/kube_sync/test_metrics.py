"""Metrics and probes over HTTP (4.3): every series parses and says what it is, and the probes tell what is missing."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import uuid4

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

import netweave
from kube_sync.cluster.watched import Watched
from kube_sync.instruments import PREFIX, Instruments
from kube_sync.metrics.calls import MeasuredTransport
from kube_sync.metrics.networks import PERIOD
from kube_sync.metrics.pages import FRESH, Shown
from kube_sync.metrics.server import offered
from tests.unit.kube_sync.fakes import FakeClock

ROWS = [
    {
        "owner": {"fq_name": ["default-domain", "k8s-default", "k8s-a-pod-network"]},
        "v4": {"used": 2, "reserved": 4, "free": 250},
        "v6": {"used": 1, "reserved": 4, "free": 2**64 - 5},
    },
    {"owner": {"fq_name": ["default-domain", "default-project", "somebody-else"]}, "v4": {"used": 2, "reserved": 4, "free": 250}},
]


ANSWERS = {"/base/v2/ipam/utilization": {"rows": ROWS}, "/base/network-policys": {"network-policys": []}}


class Observed:
    """A worker."""

    def figures(self) -> Mapping[str, float]:
        return {"attachment_drift": 3, "leader": False}

    def queued(self) -> Mapping[str, int]:
        return {"Pod": 50, "Namespace": 2}

    def waiting(self) -> Mapping[str, int]:
        return {"NetworkNotFound": 2}


class Configuration:
    """A configuration API at the other end of a transport."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.down = False

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        if self.down:
            raise httpx.ConnectError("refused")
        return httpx.Response(200, json=ANSWERS.get(request.url.path, {}))


class Stage:
    """A worker's pages, and everything behind them."""

    def __init__(self) -> None:
        self.configuration, self.clock, self.instruments = Configuration(), FakeClock(), Instruments()
        self.watched = {name: Watched(name, self.clock) for name in ("pods", "namespaces")}
        url = "http://api:8082/base"
        transport = MeasuredTransport(httpx.MockTransport(self.configuration), self.instruments, self.clock)
        self.api = netweave.AsyncClient(url, transport=transport, retries=netweave.Retries(times=0))
        self.shown = Shown(Observed(), self.watched, self.api, transport, self.instruments, "k8s", self.clock)
        self.client = httpx.AsyncClient(trust_env=False)

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(path)

    async def samples(self) -> dict[str, dict[tuple[str, ...], float]]:
        families = text_string_to_metric_families((await self.get("/metrics")).text)
        samples: dict[str, dict[tuple[str, ...], float]] = {}
        for family in families:
            assert family.documentation
            for sample in family.samples:
                labels = tuple(sample.labels[name] for name in sorted(sample.labels))
                samples.setdefault(sample.name.removeprefix(f"{PREFIX}_"), {})[labels] = sample.value
        return samples


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    made = Stage()
    async with made.api, made.client, offered(made.shown.pages, "127.0.0.1", 0) as port:
        made.client.base_url = httpx.URL(f"http://127.0.0.1:{port}")
        yield made


async def test_what_a_worker_knows_of_itself_is_gauges_with_labels(stage: Stage) -> None:
    samples = await stage.samples()

    assert samples["attachment_drift"] == {(): 3}
    assert samples["queue_depth"] == {("Pod",): 50, ("Namespace",): 2}
    assert samples["waiting"] == {("NetworkNotFound",): 2}


async def test_watches_are_told_by_resource(stage: Stage) -> None:
    pods = stage.watched["pods"]
    pods.size, pods.lists, pods.events = 50, 2, 7
    pods.restarts.update(["closed", "closed", "gone"])
    pods.hear()
    await stage.clock.advance(12)
    samples = await stage.samples()

    assert samples["cache_objects"] == {("pods",): 50, ("namespaces",): 0}
    assert samples["watch_last_event_age_seconds"] == {("pods",): 12}
    assert samples["watch_restarts_total"] == {("closed", "pods"): 2, ("gone", "pods"): 1}
    assert (samples["watch_lists_total"][("pods",)], samples["watch_events_total"][("pods",)]) == (2, 7)


async def test_addresses_are_told_of_our_networks_only_and_asked_for_once_a_minute(stage: Stage) -> None:
    samples = await stage.samples()
    await stage.samples()
    asked = len(stage.configuration.asked)
    await stage.clock.advance(PERIOD)
    await stage.samples()

    name = "default-domain:k8s-default:k8s-a-pod-network"
    assert samples["network_addresses"] == {
        ("v4", name, "used"): 2,
        ("v4", name, "reserved"): 4,
        ("v4", name, "free"): 250,
        ("v6", name, "used"): 1,
        ("v6", name, "reserved"): 4,
        ("v6", name, "free"): pytest.approx(2**64),
    }
    assert (asked, len(stage.configuration.asked)) == (1, 2)


async def test_without_an_answer_the_last_figures_stand(stage: Stage) -> None:
    before = (await stage.samples())["network_addresses"]
    stage.configuration.down = True
    await stage.clock.advance(PERIOD)

    assert (await stage.samples())["network_addresses"] == before


async def test_calls_are_told_by_verb_type_and_status_and_never_by_object(stage: Stage) -> None:
    for _ in range(2):
        await stage.api.delete("virtual-machine", str(uuid4()))
    await stage.api.list("network-policy")
    stage.configuration.down = True
    with pytest.raises(netweave.Unreachable):
        await stage.api.bulk([])

    counts = (await stage.samples())["config_api_seconds_count"]
    assert counts == {
        ("200", "virtual-machine", "DELETE"): 2,
        ("200", "network-policy", "GET"): 1,
        ("unreached", "bulk", "POST"): 1,
        ("unreached", "ipam", "GET"): 1,
    }


async def test_ready_is_who_knows_the_pods_and_reaches_the_configuration_api(stage: Stage) -> None:
    early = await stage.get("/readyz")
    stage.watched["pods"].synced = True
    ready = await stage.get("/readyz")
    stage.configuration.down = True
    await stage.clock.advance(FRESH + 1)
    cut_off = await stage.get("/readyz")

    assert (early.status_code, early.text) == (503, "not yet: pods\nnot yet: namespaces\nok: configuration API\nstands by\n")
    assert (ready.status_code, ready.text) == (200, "ok: pods\nnot yet: namespaces\nok: configuration API\nstands by\n")
    assert (cut_off.status_code, cut_off.text) == (503, "ok: pods\nnot yet: namespaces\nnot yet: configuration API\nstands by\n")


async def test_live_is_answered_whatever_is_missing(stage: Stage) -> None:
    stage.configuration.down = True

    assert ((await stage.get("/livez")).status_code, (await stage.get("/livez")).text) == (200, "ok\n")


async def test_other_pages_verbs_and_noise_are_turned_away(stage: Stage) -> None:
    head = await stage.client.head("/livez")
    answers = [(await stage.get("/nothing")).status_code, (await stage.client.post("/livez")).status_code]
    reader, writer = await asyncio.open_connection("127.0.0.1", stage.client.base_url.port)
    writer.write(b"\xff" * 100_000)
    noise = await reader.read()
    writer.close()

    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "3")
    assert answers == [404, 405]
    assert noise == b""
    assert (await stage.get("/livez")).status_code == 200


def test_two_workers_in_a_process_count_apart() -> None:
    one, other = Instruments(), Instruments()
    one.statuses.labels("written").inc()

    def count(instruments: Instruments) -> Any:
        return instruments.registry.get_sample_value(f"{PREFIX}_status_patches_total", {"result": "written"})

    assert (count(one), count(other)) == (1, None)
