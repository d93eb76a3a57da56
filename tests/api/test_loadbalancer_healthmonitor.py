"""The one property that the server really asks for (contract 2.5)."""

from tests.contract.world import World

KIND, PROPERTIES = "loadbalancer-healthmonitor", "loadbalancer_healthmonitor_properties"


async def test_create_without_properties_is_refused_and_names_the_field(world: World) -> None:
    refused = await world.post(KIND, "probe")

    assert refused.status_code == 400
    assert PROPERTIES in refused.text


async def test_create_with_properties_keeps_them(world: World) -> None:
    wanted = {"monitor_type": "PING", "delay": 3, "timeout": 2, "max_retries": 5}

    made = await world.create(KIND, "probe", **{PROPERTIES: wanted})

    assert (await world.read(KIND, made["uuid"]))[PROPERTIES] == wanted
