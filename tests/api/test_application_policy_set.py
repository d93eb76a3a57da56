"""Application policy sets (contract 1.4.4)."""

from tests.contract.world import World


async def test_a_set_for_all_applications_stays(world: World) -> None:
    (link,) = (await world.read("project", world.project_id))["application_policy_sets"]

    refused = await world.delete("application-policy-set", link["uuid"])

    assert (refused.status_code, refused.text) == (400, "Application Policy Set defined on all applications cannot be deleted")


async def test_any_other_set_may_go(world: World) -> None:
    made = await world.create("application-policy-set", "mine")

    assert (await world.delete("application-policy-set", made["uuid"])).status_code == 200


async def test_the_flag_is_the_servers_alone(world: World) -> None:
    (default,) = (await world.read("project", world.project_id))["application_policy_sets"]
    made = await world.create("application-policy-set", "mine", all_applications=False)

    refused = [
        await world.post("application-policy-set", "second", all_applications=True),
        await world.put("application-policy-set", made["uuid"], all_applications=True),
        await world.put("application-policy-set", default["uuid"], all_applications=False),
    ]
    await world.update("application-policy-set", default["uuid"], all_applications=None, display_name="mine")

    assert [answer.status_code for answer in refused] == [400] * 3
    assert (await world.read("application-policy-set", default["uuid"]))["all_applications"] is True


async def test_a_set_for_all_projects_has_no_policy_of_one(world: World) -> None:
    policy = await world.create("firewall-policy", "mine")
    place = {"fq_name": ["default-policy-management", f"set-{world.domain}"], "parent_type": "policy-management"}

    refused = await world.post("application-policy-set", "all", **place, firewall_policy_refs=[{"uuid": policy["uuid"], "attr": None}])
    allowed = await world.post(
        "application-policy-set", "one", firewall_policy_refs=[{"uuid": policy["uuid"], "attr": {"sequence": "1.0"}}]
    )

    assert (refused.status_code, allowed.status_code) == (400, 200)
    assert "is of one project" in refused.text
