"""A search tells nobody of what they may not read (contract 5.5)."""

from uuid import uuid4

from tests.access.scene import Scene
from tests.contract.world import World, subnets_of


async def found(world: World, text: str) -> set[str]:
    answer = await world.api.get("/v2/search", params={"q": text, "limit": 1000})
    assert answer.status_code == 200, answer.text
    return {each["uuid"] for each in answer.json()["results"]}


async def test_only_who_may_read_an_object_finds_it_whatever_they_search_for(scene: Scene) -> None:
    owner, other = await scene.tenant(), await scene.tenant()
    word = uuid4().hex
    network = await owner.network(f"my-{word}", "203.0.113.0/24")
    holder = await owner.address(network, instance_ip_address="203.0.113.7", name=f"ip-{word}")
    about = [
        f"my-{word}",
        word,
        network["uuid"],
        ":".join(network["fq_name"]),
        "203.0.113.7",
        "203.0.113.0/25",
        subnets_of(network)[0]["subnet_uuid"],
    ]

    mine, theirs, everyones = [[await found(who, text) for text in about] for who in (owner, other, scene.as_admin(owner))]

    assert all(uuids & {network["uuid"], holder["uuid"]} for uuids in mine)
    assert not any(uuids & {network["uuid"], holder["uuid"]} for uuids in theirs)
    assert all(network["uuid"] in uuids or holder["uuid"] in uuids for uuids in everyones)


async def test_what_is_shared_is_found(scene: Scene) -> None:
    owner, other = await scene.tenant(), await scene.tenant()
    network = await owner.network(word := uuid4().hex)
    share = [{"tenant": other.project_id, "tenant_access": 4}]

    before = await found(other, word)
    await owner.action("chmod", uuid=network["uuid"], share=share)

    assert (before, await found(other, word)) == (set(), {network["uuid"]})
