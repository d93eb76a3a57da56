"""Application policy sets (contract 1.4.4)."""

from tests.contract.world import World


async def test_a_set_for_all_applications_stays(world: World) -> None:
    (link,) = (await world.read("project", world.project_id))["application_policy_sets"]

    refused = await world.delete("application-policy-set", link["uuid"])

    assert (refused.status_code, refused.text) == (400, "Application Policy Set defined on all applications cannot be deleted")


async def test_any_other_set_may_go(world: World) -> None:
    made = await world.create("application-policy-set", "mine")

    assert (await world.delete("application-policy-set", made["uuid"])).status_code == 200
