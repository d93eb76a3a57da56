"""How full a subnet is, and who holds it, is told to those who may read its network (contract 5.5)."""

from typing import Any

from tests.access.scene import Scene
from tests.contract.world import World, subnets_of


async def usage(world: World, **query: Any) -> list[Any]:
    answer = await world.api.get("/v2/ipam/utilization", params=query)
    assert answer.status_code == 200, answer.text
    rows: list[Any] = answer.json()["rows"]
    return rows


async def test_others_are_told_nothing_of_a_network_until_it_is_shared(scene: Scene) -> None:
    owner, other = await scene.tenant(), await scene.tenant()
    network = await owner.network("net", "10.0.0.0/24")
    uuid = subnets_of(network)[0]["subnet_uuid"]
    map_of = f"/v2/ipam/subnets/{uuid}/map"

    before = [await usage(other, network=network["uuid"]), (await other.api.get(map_of)).status_code]
    await owner.action("chmod", uuid=network["uuid"], share=[{"tenant": other.project_id, "tenant_access": 4}])
    after = [[row["subnet"] for row in await usage(other, network=network["uuid"])], (await other.api.get(map_of)).status_code]

    assert (before, after) == ([[], 404], [[uuid], 200])


async def test_a_holder_that_the_caller_may_not_read_has_no_name(scene: Scene) -> None:
    owner, other = await scene.tenant(), await scene.tenant()
    network = await owner.network("net", "10.0.0.0/28")
    holder = await owner.address(network)
    await owner.action("chmod", uuid=network["uuid"], share=[{"tenant": other.project_id, "tenant_access": 4}])
    path = f"/v2/ipam/subnets/{subnets_of(network)[0]['subnet_uuid']}/map"

    maps = [(await who.api.get(path)).json()["cells"] for who in (owner, other)]
    mine, theirs = [next(cell for cell in cells if cell["address"] == holder["instance_ip_address"]) for cells in maps]

    assert (mine["state"], mine["holder"]["uuid"]) == ("instance-ip", holder["uuid"])
    assert theirs == {"address": holder["instance_ip_address"], "state": "instance-ip"}
