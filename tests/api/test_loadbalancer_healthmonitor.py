"""The one property that the server really asks for (contract 2.5)."""

from tests.contract.world import World


async def test_create_without_properties_is_refused_and_names_the_field(world: World) -> None:
    body = {"loadbalancer-healthmonitor": {"parent_type": "project", "fq_name": [*world.project, "probe"]}}

    refused = await world.api.post("/loadbalancer-healthmonitors", json=body)

    assert refused.status_code == 400
    assert "loadbalancer_healthmonitor_properties" in refused.text


async def test_create_with_properties_is_kept(world: World) -> None:
    wanted = {"monitor_type": "PING", "delay": 3, "timeout": 2, "max_retries": 5}

    made = await world.create("loadbalancer-healthmonitor", [*world.project, "probe"], loadbalancer_healthmonitor_properties=wanted)

    assert made["loadbalancer_healthmonitor_properties"] == wanted
