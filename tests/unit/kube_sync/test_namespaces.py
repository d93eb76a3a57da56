"""What namespaces cost, and who is woken by what becomes of them and of definitions (2.4, 4.1, B11, B14, B50)."""

from dataclasses import replace
from typing import Any

import pytest

from kube_sync.cluster.cache import Caches
from kube_sync.model.defaults import ISOLATION
from kube_sync.model.names import annotations_of
from kube_sync.model.networks import CIDR
from kube_sync.model.objects import Key, Namespace, Pod, namespace_key
from tests.unit.kube_sync.fakes import definition, pod
from tests.unit.kube_sync.worlds import FakeWorld

NETWORK = "virtual-network"


@pytest.fixture
def world() -> FakeWorld:
    return FakeWorld()


def caches(world: FakeWorld) -> Caches:
    assert world.cluster.caches
    return world.cluster.caches


def isolated(name: str, **fields: Any) -> Namespace:
    given = {"uid": f"uid-of-{name}", "version": "1", "annotations": {ISOLATION: "true"}} | fields
    return Namespace(namespace_key(name), **given)


def within(namespace: str, name: str = "web-0") -> Pod:
    return replace(pod(name), key=Key("Pod", namespace, name))


def networks(world: FakeWorld) -> set[str]:
    return {row["fq_name"][-1] for row in world.config.of(NETWORK).values()}


async def test_a_pod_waits_without_a_call_for_word_of_its_namespace(world: FakeWorld) -> None:
    async with world.worker() as worker:
        world.cluster.put(within("team"))
        await world.settled()
        waiting = worker.waiting()
        caches(world).namespaces.put(isolated("team"))
        await world.settled()
        done = worker.waiting()

    assert waiting == {"NetworkPending": 1}
    assert done == {}
    own = world.names.uuid("isolated-network", "team")
    assert [each["virtual_network_refs"] for each in world.config.of("virtual-machine-interface").values()] == [[{"uuid": own}]]


async def test_b14_a_namespace_in_step_costs_two_questions_and_one_that_asks_for_nothing_one(world: FakeWorld) -> None:
    async with world.worker():
        caches(world).namespaces.put(isolated("team"))
        await world.settled()
        world.config.calls.clear()
        caches(world).namespaces.put(isolated("team", version="2", annotations={ISOLATION: "True"}))
        await world.settled()
        again = dict(world.config.calls)
        world.config.calls.clear()
        caches(world).namespaces.put(isolated("plain", annotations={}))
        await world.settled()
        plain = dict(world.config.calls)

    assert again == {"list": 1, "read": 1}
    assert plain == {"list": 1}


async def test_an_isolated_network_that_somebody_removed_is_made_again_when_a_pod_needs_it(world: FakeWorld) -> None:
    name = world.names.isolated_network("team")[-1]
    async with world.worker():
        caches(world).namespaces.put(isolated("team"))
        await world.settled()
        made = name in networks(world)
        world.config.of(NETWORK).pop(world.names.uuid("isolated-network", "team"))
        world.cluster.put(within("team"))
        await world.settled()

    assert made
    assert name in networks(world)
    assert world.trees()["instance-ip"] == 1


async def test_b11_a_pod_that_waits_for_a_network_hears_that_its_definition_was_refused(world: FakeWorld) -> None:
    stranger = {"uuid": "of-somebody-else", "fq_name": list(world.names.ipam("default", "blue"))}
    async with world.worker() as worker:
        world.config.of("network-ipam")["of-somebody-else"] = stranger
        world.cluster.put(pod("web-0", selection="blue"))
        await world.settled()
        caches(world).definitions.put(definition("blue", annotations={CIDR: "10.1.1.0/24"}))
        await world.settled()
        waiting = worker.waiting()

    assert waiting == {"NameCollision": 1, "NetworkNotFound": 1}
    assert "somebody else" in world.cluster.told[-1].message
    assert world.config.of("network-ipam")["of-somebody-else"] == stranger


async def test_a_project_is_marked_anew_beside_what_others_noted_on_it_and_a_strangers_is_not(world: FakeWorld) -> None:
    stranger = {"uuid": "of-somebody-else", "fq_name": list(world.names.project("other"))}
    world.config.of("project")["of-somebody-else"] = dict(stranger)
    async with world.worker():
        for name in ("team", "other"):
            caches(world).namespaces.put(isolated(name))
        await world.settled()
        project = world.config.of("project")[world.names.uuid("project", "team")]
        project["annotations"]["key_value_pair"].append({"key": "contact", "value": "ops"})
        caches(world).namespaces.put(isolated("team", version="2", uid="made-anew"))
        await world.settled()

    marks = annotations_of(world.config.of("project")[world.names.uuid("project", "team")])
    assert (marks["k8s_uuid"], marks["isolated"], marks["contact"]) == ("made-anew", "True", "ops")
    assert world.config.of("project")["of-somebody-else"] == stranger


@pytest.mark.parametrize("annotations", [{ISOLATION: "true"}, {}], ids=["isolated", "plain"])
async def test_b42_a_project_goes_when_the_last_pod_of_a_namespace_has_gone(world: FakeWorld, annotations: dict[str, str]) -> None:
    project, namespace = world.names.uuid("project", "team"), isolated("team", annotations=annotations)
    async with world.worker():
        caches(world).namespaces.put(namespace)
        world.cluster.put(within("team"))
        await world.settled()
        caches(world).namespaces.remove(replace(namespace, version="9"))
        await world.settled()
        kept = project in world.config.of("project")
        world.cluster.remove(Key("Pod", "team", "web-0"))
        await world.settled()

    assert kept
    assert project not in world.config.of("project")
    assert world.names.isolated_network("team")[-1] not in networks(world)
