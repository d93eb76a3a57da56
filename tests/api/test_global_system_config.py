"""The one global system config (contract 3.4)."""

from tests.contract.world import World

KIND = "global-system-config"


async def test_a_second_one_is_refused(world: World) -> None:
    response = await world.api.post(f"/{KIND}s", json={KIND: {"fq_name": [world.domain]}})

    assert response.status_code == 400
    assert "default-global-system-config" in response.text


async def test_the_one_there_is_can_be_changed_and_not_deleted(world: World) -> None:
    (only,) = await world.listed(KIND)
    before = await world.read(KIND, only["uuid"])

    await world.update(KIND, only["uuid"], ibgp_auto_mesh=False)
    changed = await world.read(KIND, only["uuid"])
    await world.update(KIND, only["uuid"], ibgp_auto_mesh=before.get("ibgp_auto_mesh"))

    assert changed["ibgp_auto_mesh"] is False
    assert (await world.delete(KIND, only["uuid"])).status_code == 409
