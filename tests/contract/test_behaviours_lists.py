"""Contract section 12, behaviours 32-35: lists."""

from tests.contract.world import FAR_AWAY, World


async def test_behaviour_32_a_list_by_parent_is_counted_and_shown_in_detail(world: World) -> None:
    networks = [await world.network(name) for name in ("a", "b", "c")]
    parent = {"parent_id": world.project_id}

    count = await world.api.get("/virtual-networks", params={**parent, "count": "true"})
    detail = await world.listed("virtual-network", **parent, detail="True", fields="routing_instances")
    unknown = await world.api.get("/virtual-networks", params={"parent_id": FAR_AWAY})

    assert count.json() == {"virtual-networks": {"count": 3}}
    assert [each["virtual-network"]["uuid"] for each in detail] == [network["uuid"] for network in networks]
    assert all(each["virtual-network"]["routing_instances"] for each in detail)
    assert (unknown.status_code, unknown.json()) == (200, {"virtual-networks": []})


async def test_behaviour_33_filters_choose_by_property(world: World) -> None:
    await world.network("a", router_external=True)
    await world.network("b", router_external=False)
    await world.network("c")

    async def names(filters: str) -> list[str]:
        return [each["fq_name"][-1] for each in await world.listed("virtual-network", parent_id=world.project_id, filters=filters)]

    bad = await world.api.get("/virtual-networks", params={"filters": "foo"})

    assert await names("router_external==true") == ["a"]
    assert await names("router_external==false") == ["b"]
    assert await names("foo==1") == ["a", "b", "c"]
    assert (bad.status_code, bad.text) == (400, "Invalid filter foo")


async def test_behaviour_34_a_bulk_list_answers_as_the_list_does(world: World) -> None:
    uuids = [(await world.create("virtual-network", f"n{number:02}"))["uuid"] for number in range(30)]
    asked = ",".join([*uuids, FAR_AWAY])

    listed = await world.listed("virtual-network", obj_uuids=asked, detail="true")
    bulk = await world.action("list-bulk-collection", type="virtual-network", obj_uuids=asked, detail=True)

    assert len(listed) == 30
    assert bulk.json() == {"virtual-networks": listed}


async def test_behaviour_35_pages_show_every_network_once(world: World) -> None:
    made = {(await world.create("virtual-network", name))["uuid"] for name in "abcde"}
    marker: str | None = ""
    seen: list[str] = []
    sizes: list[int] = []

    while marker is not None:
        query = {"parent_id": world.project_id, "page_marker": marker, "page_limit": "2"}
        page = (await world.api.get("/virtual-networks", params=query)).json()
        seen += [each["uuid"] for each in page["virtual-networks"]]
        sizes.append(len(page["virtual-networks"]))
        marker = page["marker"]

    assert sorted(seen) == sorted(made)
    assert sizes[:2] == [2, 2]


async def test_behaviour_35_a_page_of_none_is_400(world: World) -> None:
    response = await world.api.get("/virtual-networks", params={"page_marker": "", "page_limit": "0"})

    assert response.status_code == 400
