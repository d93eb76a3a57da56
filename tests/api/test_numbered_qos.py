"""Numbers of forwarding classes and QoS queues under a race (contract 3.4 qos)."""

import asyncio
from uuid import uuid4

import pytest

from tests.contract.world import Document, World

SYSTEM = "default-global-system-config"


async def config(world: World) -> list[str]:
    name = [SYSTEM, uuid4().hex]
    await world.create("global-qos-config", "q", fq_name=name, parent_type="global-system-config")
    return name


def below(above: list[str], **body: object) -> Document:
    return {"fq_name": [*above, uuid4().hex], "parent_type": "global-qos-config", **body}


@pytest.mark.parametrize(("kind", "name"), [("forwarding-class", "forwarding_class_id"), ("qos-queue", "qos_queue_identifier")])
async def test_of_many_that_want_one_number_at_once_one_gets_it_wherever_they_live(world: World, kind: str, name: str) -> None:
    places = [await config(world), await config(world)]
    made = [await world.create(kind, "k", **below(places[0])) for _ in range(4)]

    answers = await asyncio.gather(
        *(world.post(kind, "k", **below(places[number % 2], **{name: 77})) for number in range(6)),
        *(world.put(kind, one["uuid"], **{name: 77}) for one in made),
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 9
    shown = await world.listed(kind, fields=name, filters=f"{name}==77")
    assert len(shown) == 1


@pytest.mark.parametrize("value", ["", 0, [], {}, False], ids=repr)
async def test_a_falsy_number_is_never_the_servers_fault(world: World, value: object) -> None:
    answer = await world.post("qos-queue", "k", **below(await config(world), qos_queue_identifier=value))

    assert answer.status_code in (200, 400)
