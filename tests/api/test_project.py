"""What a project does beyond being stored (contract 3.4 project)."""

from tests.contract.world import World


async def test_a_project_comes_with_a_policy_set_that_it_refers_to(world: World) -> None:
    project = await world.read("project", world.project_id)

    (child,), (ref,) = project["application_policy_sets"], project["application_policy_set_refs"]

    policies = await world.read("application-policy-set", child["uuid"])
    assert ref["uuid"] == child["uuid"]
    assert policies["fq_name"] == [*world.project, "default-application-policy-set"]
    assert policies["all_applications"] is True


async def test_the_policy_set_goes_with_its_project_and_not_before(world: World) -> None:
    (child,) = (await world.read("project", world.project_id))["application_policy_sets"]
    refused = await world.delete("application-policy-set", child["uuid"])
    assert refused.status_code == 400

    assert (await world.delete("project", world.project_id)).status_code == 200

    assert (await world.api.get(f"/application-policy-set/{child['uuid']}")).status_code == 404
