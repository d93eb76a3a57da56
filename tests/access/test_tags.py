"""Tags under object permissions: W on what is tagged, X on each tag (contract 5.5)."""

from uuid import uuid4

from tests.access.scene import Scene
from tests.contract.world import World


async def tagged(world: World, uuid: str, value: str, **more: bool) -> int:
    answer = await world.action("set-tag", obj_type="virtual-network", obj_uuid=uuid, tier={"value": value, **more})
    return answer.status_code


async def test_a_tenant_tags_its_own_with_its_own_and_makes_types_on_the_way(scene: Scene) -> None:
    a = await scene.tenant()
    network, type_name = await a.create("virtual-network", "net"), f"type-{uuid4().hex[:8]}"
    await a.create("tag", "t", tag_type_name=type_name, tag_value="a")

    answer = await a.action("set-tag", obj_type="virtual-network", obj_uuid=network["uuid"], **{type_name: {"value": "a"}})

    assert answer.status_code == 200, answer.text


async def test_nobody_tags_what_is_anothers(scene: Scene) -> None:
    a, b = await scene.tenant(), await scene.tenant()
    network = await a.create("virtual-network", "net")
    await a.create("tag", "t", tag_type_name="tier", tag_value="a")

    assert await tagged(b, network["uuid"], "a") == 403


async def test_a_tag_of_all_is_used_by_those_who_may_link_it(scene: Scene) -> None:
    a, value = await scene.tenant(), uuid4().hex
    network, admin = await a.create("virtual-network", "net"), scene.as_admin(a)
    made = await admin.create("tag", "t", tag_type_name="tier", tag_value=value, fq_name=["t"], parent_type=None)

    before = await tagged(a, network["uuid"], value, is_global=True)
    await admin.action("chmod", uuid=made["uuid"], global_access=5)

    assert (before, await tagged(a, network["uuid"], value, is_global=True)) == (403, 200)


async def test_a_rule_names_only_what_its_caller_may_link(scene: Scene) -> None:
    a, b = await scene.tenant(), await scene.tenant()
    group = await a.create("address-group", "servers")

    answer = await b.post("firewall-rule", "r", service={"protocol": "tcp"}, endpoint_1={"address_group": ":".join(group["fq_name"])})

    assert answer.status_code == 403
