"""Contract section 12, behaviour 38: a project has what its quota allows."""

from tests.contract.world import World


async def test_behaviour_38_a_quota_of_one_network_refuses_the_second(world: World) -> None:
    await world.update("project", world.project_id, quota={"virtual_network": 1})
    await world.network("a")

    second = await world.post("virtual-network", "b")

    assert (second.status_code, second.text) == (412, "quota limit (1) exceeded for resource virtual_network")
