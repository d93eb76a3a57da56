"""Lists: anchors, filters, shapes, order and pages (contract 1.5, 1.6)."""

import itertools
from typing import Any

import httpx
import pytest

from tests.contract.world import FAR_AWAY, Document, World, link


@pytest.fixture
async def networks(world: World) -> list[Document]:
    """Four networks, made in an order that is not that of their names."""
    bodies: dict[str, Document] = {
        "n2": {"mtu": 1400, "display_name": "a,b"},
        "n": {"router_external": True, "annotations": {"key_value_pair": [{"key": "k", "value": "v"}]}},
        "m": {"mtu": 1400, "router_external": True, "network_ipam_refs": link("10.0.0.0/24")},
        "k": {"id_perms": {"enable": False}},
    }
    return [await world.network(name, **body) for name, body in bodies.items()]


async def names(world: World, **query: str) -> list[str]:
    return [each["fq_name"][-1] for each in await world.listed("virtual-network", **query)]


async def test_a_plain_entry_is_uuid_name_and_href(world: World, networks: list[Document]) -> None:
    listed = await world.listed("virtual-network", parent_id=world.project_id)

    assert listed == [{key: network[key] for key in ("uuid", "fq_name", "href")} for network in networks]


async def test_children_come_in_the_order_they_were_made(world: World, networks: list[Document]) -> None:
    assert await names(world, parent_id=world.project_id) == ["n2", "n", "m", "k"]


async def test_without_a_parent_lists_are_in_the_order_of_names(world: World, networks: list[Document]) -> None:
    ids = ",".join(network["uuid"] for network in networks)

    assert await names(world, obj_uuids=ids) == ["k", "m", "n", "n2"]


async def test_parents_are_a_union_and_unknown_ones_are_nothing(world: World, networks: list[Document]) -> None:
    other = await world.create("project", "", fq_name=[world.domain, "other"], parent_type="domain")
    await world.create("virtual-network", "", fq_name=[world.domain, "other", "x"], parent_type="project")

    found = await names(world, parent_id=f"{world.project_id},{FAR_AWAY},{other['uuid']},garbage")

    assert sorted(found) == ["k", "m", "n", "n2", "x"]


@pytest.mark.parametrize("parent_type", [{}, {"parent_type": "project"}], ids=["any type", "project"])
async def test_a_parent_may_be_named(world: World, networks: list[Document], parent_type: dict[str, str]) -> None:
    assert len(await names(world, parent_fq_name_str=":".join(world.project), **parent_type)) == 4


async def test_an_unknown_parent_name_lists_nothing(world: World) -> None:
    assert await names(world, parent_fq_name_str=f"{world.domain}:nope") == []


async def test_a_back_ref_anchor_finds_the_referrers(world: World, networks: list[Document]) -> None:
    network = networks[2]
    port = await world.interface(network, "port")
    await world.interface(networks[0], "elsewhere")

    listed = await world.listed("virtual-machine-interface", back_ref_id=f"{network['uuid']},{FAR_AWAY}")

    assert [each["uuid"] for each in listed] == [port["uuid"]]


async def test_uuids_and_names_are_a_union_within_the_parent(world: World, networks: list[Document]) -> None:
    by_uuid, by_name, outside = networks[0], networks[1], [*world.project, "nope"]

    found = await names(
        world,
        obj_uuids=f"{by_uuid['uuid']},{FAR_AWAY}",
        fq_names=f"{':'.join(by_name['fq_name'])},{':'.join(outside)}",
        parent_id=world.project_id,
    )

    assert sorted(found) == sorted([by_uuid["name"], by_name["name"]])


async def test_anchors_restrict_each_other(world: World, networks: list[Document]) -> None:
    assert await names(world, parent_id=FAR_AWAY, obj_uuids=networks[0]["uuid"]) == []


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ("mtu==1400", ["n2", "m"]),
        ("mtu==1400,router_external==true", ["m"]),
        ("mtu==1400,mtu==1500", ["n2", "m"]),
        ('mtu=="1400"', []),
        ("router_external==True", []),
        ("router_external==false", []),
        ("is_shared==false", ["n2", "n", "m", "k"]),
        ('display_name=="a,b"', ["n2"]),
        ("display_name==n", ["n"]),
        ('display_name=="n"', ["n"]),
        ('id_perms=={"enable":false}', ["k"]),
        ('annotations=={"key_value_pair":[{"key":"k","value":"v"}]}', ["n"]),
        ("nothing==1", ["n2", "n", "m", "k"]),
        ("nothing==1,mtu==1400", []),
        ("fq_name==x", ["n2", "n", "m", "k"]),
        ("network_ipam_refs==x", ["n2", "n", "m", "k"]),
    ],
)
async def test_filters_choose_by_stored_properties(world: World, networks: list[Document], filters: str, expected: list[str]) -> None:
    assert await names(world, parent_id=world.project_id, filters=filters) == expected


async def test_of_two_filters_keys_the_last_counts(world: World, networks: list[Document]) -> None:
    query = httpx.QueryParams([("parent_id", world.project_id), ("filters", "mtu==1400"), ("filters", "display_name==n")])

    response = await world.api.get("/virtual-networks", params=query)

    assert [each["fq_name"][-1] for each in response.json()["virtual-networks"]] == ["n"]


async def test_a_count_respects_every_condition(world: World, networks: list[Document]) -> None:
    query = {"parent_id": world.project_id, "filters": "mtu==1400", "count": "True", "page_marker": "", "page_limit": "1"}

    response = await world.api.get("/virtual-networks", params=query)

    assert response.json() == {"virtual-networks": {"count": 2}}


async def test_fields_add_the_parent_and_what_is_named(world: World, networks: list[Document]) -> None:
    fields = "mtu,network_ipam_refs,routing_instances,router_external,nothing"

    listed = await world.listed("virtual-network", obj_uuids=networks[2]["uuid"], fields=fields)

    assert [entry.keys() for entry in listed] == [
        {"uuid", "fq_name", "href", "parent_type", "parent_uuid", "mtu", "router_external", "network_ipam_refs", "routing_instances"}
    ]
    assert listed[0]["mtu"] == 1400


async def test_fields_that_name_nothing_known_add_the_parent(world: World, networks: list[Document]) -> None:
    (entry,) = await world.listed("virtual-network", obj_uuids=networks[0]["uuid"], fields="nothing")

    assert entry.keys() == {"uuid", "fq_name", "href", "parent_type", "parent_uuid"}


async def test_detail_shows_the_whole_object_without_children_and_back_refs(world: World, networks: list[Document]) -> None:
    network = networks[2]
    await world.interface(network, "port")

    (entry,) = await world.listed("virtual-network", obj_uuids=network["uuid"], detail="true")
    shown = entry["virtual-network"]

    assert entry.keys() == {"virtual-network"}
    assert {"routing_instances", "virtual_machine_interface_back_refs", "parent_href"}.isdisjoint(shown)
    for key in ("mtu", "id_perms", "perms2", "display_name", "parent_uuid", "href", "name"):
        assert shown[key] == network[key]
    assert shown["network_ipam_refs"][0]["attr"] == network["network_ipam_refs"][0]["attr"]


async def test_detail_with_fields_adds_the_named_links_to_the_whole_object(world: World, networks: list[Document]) -> None:
    network = networks[2]
    port = await world.interface(network, "port")

    (entry,) = await world.listed(
        "virtual-network", obj_uuids=network["uuid"], detail="true", fields="virtual_machine_interface_back_refs,routing_instances"
    )
    shown = entry["virtual-network"]

    assert shown["mtu"] == 1400
    assert [ref["uuid"] for ref in shown["virtual_machine_interface_back_refs"]] == [port["uuid"]]
    assert [child["to"] for child in shown["routing_instances"]] == [[*network["fq_name"], network["name"]]]


@pytest.mark.parametrize("flag", ["true", "", "1"])
async def test_exclude_hrefs_leaves_hrefs_out_of_a_list(world: World, networks: list[Document], flag: str) -> None:
    listed = await world.listed("virtual-network", parent_id=world.project_id, exclude_hrefs=flag)
    (entry,) = await world.listed("virtual-network", obj_uuids=networks[2]["uuid"], exclude_hrefs=flag, detail="true")

    assert all("href" not in each for each in listed)
    assert '"href"' not in str(entry).replace("'", '"')


@pytest.mark.parametrize("flag", ["false", "0"])
async def test_an_explicit_false_keeps_hrefs(world: World, networks: list[Document], flag: str) -> None:
    listed = await world.listed("virtual-network", parent_id=world.project_id, exclude_hrefs=flag)

    assert all("href" in each for each in listed)


async def test_a_single_get_leaves_out_what_it_is_asked_to(world: World, networks: list[Document]) -> None:
    network = networks[2]
    await world.interface(network, "port")
    links = {"routing_instances", "virtual_machine_interface_back_refs"}

    whole = await world.read("virtual-network", network["uuid"])
    bare = await world.read("virtual-network", network["uuid"], exclude_children="x", exclude_back_refs="x", exclude_hrefs="x")
    named = await world.read("virtual-network", network["uuid"], exclude_children="x", exclude_back_refs="x", fields=",".join(links))

    assert links <= whole.keys()
    assert links.isdisjoint(bare)
    assert "href" not in str(bare)
    assert bare["network_ipam_refs"][0]["to"] == whole["network_ipam_refs"][0]["to"]
    assert links <= named.keys()


async def test_fields_of_a_single_get_keep_what_is_always_there(world: World, networks: list[Document]) -> None:
    always = {"uuid", "name", "fq_name", "href", "id_perms", "perms2", "parent_type", "parent_uuid", "parent_href"}

    shown = await world.read("virtual-network", networks[2]["uuid"], fields="mtu,nothing")

    assert shown.keys() == always | {"mtu"}


async def pages(world: World, limit: int, **anchor: str) -> list[list[str]]:
    """The uuids of each page, until the marker is null."""
    found: list[list[str]] = []
    marker: str | None = ""
    while marker is not None:
        assert len(found) < 20
        query: dict[str, Any] = {"page_marker": marker, "page_limit": limit, **anchor}
        response = await world.api.get("/virtual-networks", params=query)
        assert response.status_code == 200, response.text
        found.append([each["uuid"] for each in response.json()["virtual-networks"]])
        marker = response.json()["marker"]
    return found


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("anchor", ["parent_id", "obj_uuids", "fq_names"])
async def test_pages_hold_each_object_once(world: World, networks: list[Document], anchor: str, limit: int) -> None:
    given = {
        "parent_id": world.project_id,
        "obj_uuids": ",".join(network["uuid"] for network in networks),
        "fq_names": ",".join(":".join(network["fq_name"]) for network in networks),
    }

    found = await pages(world, limit, **{anchor: given[anchor]})

    assert sorted(itertools.chain(*found)) == sorted(network["uuid"] for network in networks)
    assert max(map(len, found)) <= limit


async def test_pages_of_everything_hold_each_object_once(world: World, networks: list[Document]) -> None:
    whole = [each["uuid"] for each in await world.listed("virtual-network")]

    found = list(itertools.chain(*await pages(world, max(2, len(whole) // 6))))

    assert sorted(found) == sorted(whole)


async def test_pages_are_filtered(world: World, networks: list[Document]) -> None:
    found = await pages(world, 1, parent_id=world.project_id, filters="mtu==1400")

    assert sorted(itertools.chain(*found)) == sorted(network["uuid"] for network in (networks[0], networks[2]))


async def test_an_object_that_is_deleted_between_pages_skips_no_other(world: World, networks: list[Document]) -> None:
    query = {"parent_id": world.project_id, "page_marker": "", "page_limit": "2"}
    first = (await world.api.get("/virtual-networks", params=query)).json()
    for each in first["virtual-networks"]:
        assert (await world.delete("virtual-network", each["uuid"])).status_code == 200

    second = (await world.api.get("/virtual-networks", params={**query, "page_marker": first["marker"]})).json()

    assert len({each["uuid"] for each in first["virtual-networks"] + second["virtual-networks"]}) == 4


async def test_a_page_marker_of_none_starts(world: World, networks: list[Document]) -> None:
    response = await world.api.get("/virtual-networks", params={"parent_id": world.project_id, "page_marker": "None"})

    assert len(response.json()["virtual-networks"]) == 4
    assert response.json()["marker"] is None


async def test_an_unpaged_list_has_no_marker(world: World, networks: list[Document]) -> None:
    response = await world.api.get("/virtual-networks", params={"parent_id": world.project_id})

    assert response.json().keys() == {"virtual-networks"}


@pytest.mark.parametrize(
    "asked",
    [
        {"fields": "mtu,routing_instances"},
        {"detail": True},
        {"count": True},
        {"filters": "mtu==1400"},
        {"exclude_hrefs": True},
        {"page_marker": "", "page_limit": 2},
    ],
    ids=str,
)
async def test_a_bulk_list_answers_as_the_list_does(world: World, networks: list[Document], asked: Document) -> None:
    query = {"parent_id": world.project_id, **{key: str(value) for key, value in asked.items()}}

    listed = await world.api.get("/virtual-networks", params=query)
    bulk = await world.action("list-bulk-collection", type="virtual-network", parent_id=world.project_id, **asked)

    assert bulk.status_code == 200
    assert bulk.json() == listed.json()


async def test_a_bulk_list_takes_json_lists_and_names(world: World, networks: list[Document]) -> None:
    uuids = [network["uuid"] for network in networks]
    name = ":".join(networks[0]["fq_name"])

    answers = [
        await world.action("list-bulk-collection", type="virtual-network", obj_uuids=uuids),
        await world.action("list-bulk-collection", type="virtual_network", parent_id=[world.project_id]),
        await world.action(
            "list-bulk-collection", type="virtual-network", parent_fq_name_str=":".join(world.project), parent_type="project"
        ),
        await world.action("list-bulk-collection", type="virtual-network", fq_names=[name]),
        await world.action("list-bulk-collection", type="virtual-network", fq_names=name, page_marker=None),
    ]

    assert [len(answer.json()["virtual-networks"]) for answer in answers] == [4, 4, 4, 1, 1]


async def test_a_bulk_list_reads_false_as_false(world: World, networks: list[Document]) -> None:
    answer = await world.action(
        "list-bulk-collection", type="virtual-network", parent_id=world.project_id, exclude_hrefs=False, detail=False, count=False
    )

    assert [each["href"] for each in answer.json()["virtual-networks"]] == [network["href"] for network in networks]


async def test_a_bulk_list_wants_a_type(api: httpx.AsyncClient) -> None:
    assert (await api.post("/list-bulk-collection", json={"obj_uuids": FAR_AWAY})).status_code == 400


async def test_a_query_of_sixty_thousand_bytes_is_read(world: World, networks: list[Document]) -> None:
    ids = ",".join([network["uuid"] for network in networks] + [FAR_AWAY] * 1_500)
    assert 50_000 < len(ids) < 65_000

    assert len(await names(world, obj_uuids=ids)) == 4


async def test_names_and_ids_are_found_both_ways(world: World, networks: list[Document]) -> None:
    network = networks[0]

    by_name = await world.action("fqname-to-id", type="virtual_network", fq_name=network["fq_name"])
    by_id = await world.action("id-to-fqname", uuid=network["uuid"])

    assert by_name.json() == {"uuid": network["uuid"]}
    assert by_id.json() == {"fq_name": network["fq_name"], "type": "virtual-network"}


@pytest.mark.parametrize(
    ("path", "body", "status", "text"),
    [
        ("fqname-to-id", {"type": "virtual-network", "fq_name": ["d", "p", "n"]}, 404, "Name ['d', 'p', 'n'] not found"),
        ("fqname-to-id", {"type": "virtual-network", "fq_name": []}, 404, ""),
        ("fqname-to-id", {"type": "virtual-network", "fq_name": "d:p:n"}, 404, ""),
        ("fqname-to-id", {"type": "virtual-network"}, 400, ""),
        ("fqname-to-id", {"type": "nope", "fq_name": ["d"]}, 404, "Resource type 'nope' not found"),
        ("fqname-to-id", {"fq_name": ["d"]}, 404, ""),
        ("id-to-fqname", {"uuid": FAR_AWAY}, 404, f"UUID {FAR_AWAY} not found"),
        ("id-to-fqname", {}, 400, ""),
    ],
)
async def test_a_name_or_id_that_is_not_there_is_told(api: httpx.AsyncClient, path: str, body: Document, status: int, text: str) -> None:
    response = await api.post(f"/{path}", json=body)

    assert response.status_code == status
    assert text in response.text


async def test_shared_adds_what_everybody_may_read_to_a_list_that_is_narrowed(world: World, networks: list[Document]) -> None:
    public = await world.network("public", is_shared=True)
    ids = {each["uuid"] for each in [*networks, public]}
    asked = {"obj_uuids": networks[0]["uuid"]}

    assert [each["uuid"] for each in await world.listed("virtual-network", **asked)] == [networks[0]["uuid"]]
    found = {each["uuid"] for each in await world.listed("virtual-network", **asked, shared="true")}
    assert found & ids == {networks[0]["uuid"], public["uuid"]}


async def test_texts_are_shown_as_they_were_given(world: World) -> None:
    name, said = "a \"quoted\" 'name' \\ %s {} ü", 'says "hi"\t\\'
    made = await world.network(name, display_name=said, id_perms={"description": said, "creator": said}, perms2={"owner": said})

    (whole,) = await world.listed("virtual-network", obj_uuids=made["uuid"], detail="true")
    (entry,) = await world.listed("virtual-network", obj_uuids=made["uuid"], fields="display_name,id_perms,perms2")

    shown = whole["virtual-network"]
    assert (shown["name"], shown["fq_name"], shown["display_name"]) == (name, [*world.project, name], said)
    assert (shown["id_perms"]["description"], shown["id_perms"]["creator"], shown["perms2"]["owner"]) == (said, said, said)
    assert entry == {
        key: shown[key] for key in ("uuid", "fq_name", "href", "parent_type", "parent_uuid", "display_name", "id_perms", "perms2")
    }
    assert shown == {key: value for key, value in made.items() if key not in ("parent_href", "routing_instances")}


async def test_halves_of_a_uuid_are_numbers_without_sign(world: World) -> None:
    uuid = "f0000000-0000-4000-8000-0000000000ff"
    await world.network("high", uuid=uuid)
    (shown,) = await world.listed("virtual-network", obj_uuids=uuid, detail="true")
    await world.delete("virtual-network", uuid)

    halves = shown["virtual-network"]["id_perms"]["uuid"]
    assert halves == {"uuid_mslong": 0xF000_0000_0000_4000, "uuid_lslong": 0x8000_0000_0000_00FF}


async def test_an_object_without_properties_is_shown(world: World) -> None:
    made = await world.create("virtual-machine", "bare")
    await world.update("virtual-machine", made["uuid"], display_name=None)

    (shown,) = await world.listed("virtual-machine", obj_uuids=made["uuid"], detail="true")

    assert shown["virtual-machine"].keys() == {"uuid", "name", "fq_name", "href", "id_perms", "perms2"}


async def test_hrefs_begin_with_the_host_that_was_asked_whatever_it_looks_like(world: World, networks: list[Document]) -> None:
    response = await world.api.get("/virtual-networks", params={"parent_id": world.project_id}, headers={"Host": 'a"b\\c'})

    assert {each["href"] for each in response.json()["virtual-networks"]} == {
        f'http://a"b\\c/virtual-network/{network["uuid"]}' for network in networks
    }


async def test_a_field_that_cannot_be_a_name_names_nothing(world: World, networks: list[Document]) -> None:
    shown = await world.read("virtual-network", networks[0]["uuid"], fields="mtu,\0")

    assert shown["mtu"] == 1400
    assert "display_name" not in shown
