"""A network has one bridge domain at most (contract 3.4 virtual-network)."""

import asyncio

from tests.contract.world import Document, World


def body(network: Document, name: str) -> Document:
    return {"bridge-domain": {"parent_type": "virtual-network", "fq_name": [*network["fq_name"], name]}}


async def test_of_many_creators_at_once_one_gets_its_bridge_domain(world: World) -> None:
    network = await world.network("a")

    answers = await asyncio.gather(*(world.api.post("/bridge-domains", json=body(network, f"b{number}")) for number in range(8)))

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 7
    assert all("one is allowed" in answer.text for answer in answers if answer.status_code == 400)


async def test_a_bridge_domain_that_went_makes_room_for_another(world: World) -> None:
    network = await world.network("a")
    first = (await world.api.post("/bridge-domains", json=body(network, "first"))).json()["bridge-domain"]
    await world.delete("bridge-domain", first["uuid"])

    second = await world.api.post("/bridge-domains", json=body(network, "second"))

    assert second.status_code == 200
