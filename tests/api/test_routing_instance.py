"""What callers may not do to routing instances (contract 3.4 routing-instance)."""

from tests.contract.world import Document, World


async def default_of(world: World) -> tuple[Document, Document]:
    """A network and its default routing instance."""
    network = await world.network("a")
    return network, await world.read("routing-instance", network["routing_instances"][0]["uuid"])


async def post_instance(world: World, network: Document, **body: object) -> tuple[int, str]:
    document = {"fq_name": [*network["fq_name"], "other"], "parent_type": "virtual-network", **body}
    response = await world.api.post("/routing-instances", json={"routing-instance": document})
    return response.status_code, response.text


async def test_the_default_one_stays_while_its_network_does(world: World) -> None:
    _, instance = await default_of(world)
    text = f"Cannot modify system resource Routing Instance {':'.join(instance['fq_name'])}({instance['uuid']})"

    refused = await world.delete("routing-instance", instance["uuid"])
    changed = await world.put("routing-instance", instance["uuid"], routing_instance_is_default=False)

    assert [(each.status_code, each.text) for each in (refused, changed)] == [(409, text)] * 2


async def test_other_changes_of_the_default_one_are_allowed(world: World) -> None:
    _, instance = await default_of(world)

    assert (await world.put("routing-instance", instance["uuid"], display_name="d", routing_instance_is_default=True)).status_code == 200


async def test_callers_make_only_others(world: World) -> None:
    network, _ = await default_of(world)

    assert (await post_instance(world, network, routing_instance_is_default=True))[0] == 409
    status, text = await post_instance(world, network)
    assert status == 200, text
    made = (await world.listed("routing-instance", parent_id=network["uuid"]))[-1]
    assert (await world.put("routing-instance", made["uuid"], routing_instance_is_default=True)).status_code == 409
    assert (await world.delete("routing-instance", made["uuid"])).status_code == 200


async def test_all_go_with_their_network(world: World) -> None:
    network, _ = await default_of(world)
    await post_instance(world, network)

    assert (await world.delete("virtual-network", network["uuid"])).status_code == 200
    assert await world.listed("routing-instance", parent_id=network["uuid"]) == []
