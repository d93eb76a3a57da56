"""`/v2/schema`: the catalog as a program reads it."""

import httpx
import pytest

from api_server.model.catalog import ROOT, load

CATALOG = load()


async def test_every_kind_is_named_with_its_collection_and_its_parents(api: httpx.AsyncClient) -> None:
    kinds = (await api.get("/v2/schema")).json()["kinds"]

    assert [kind["name"] for kind in kinds] == sorted(kind.name for kind in CATALOG if kind.name != ROOT)
    assert {"name": "virtual-network", "collection": "virtual-networks", "parents": ["project"]} in kinds


async def test_a_property_tells_its_type_and_what_narrows_it(api: httpx.AsyncClient) -> None:
    properties = (await api.get("/v2/schema/virtual-network")).json()["properties"]

    assert properties["mtu"] == {"type": "integer", "list": False, "minimum": 0, "maximum": 9216, "operations": "CRUD"}
    assert properties["virtual_network_category"]["enum"] == ["infra", "tenant", "internal", "routed"]
    assert (properties["annotations"]["collection"], properties["annotations"]["map_key"]) == ("map", "key")
    assert properties["perms2"]["type"] == "PermType2"


async def test_links_tell_what_they_lead_to(api: httpx.AsyncClient) -> None:
    network = (await api.get("/v2/schema/virtual_network")).json()

    assert network["refs"]["network_ipam_refs"] == {"kind": "network-ipam", "attr": "VnSubnetsType"}
    assert network["children"]["routing_instances"] == {"kind": "routing-instance", "deleted_along": True}
    assert network["back_refs"]["instance_ip_back_refs"] == {"kind": "instance-ip", "attr": None}


async def test_every_structure_that_a_kind_is_made_of_is_there(api: httpx.AsyncClient) -> None:
    types = (await api.get("/v2/schema/virtual-network")).json()["types"]
    known = {"string", "integer", "boolean", "dateTime", "unsignedLong", *types}

    assert types["IpamSubnetType"]["subnet"] == {"type": "SubnetType", "list": False, "presence": "required"}
    assert types["IpamSubnetType"]["allocation_pools"]["list"] is True
    assert {field["type"] for fields in types.values() for field in fields.values()} <= known


@pytest.mark.parametrize("name", [kind.name for kind in CATALOG if kind.name != ROOT])
async def test_every_kind_is_described(api: httpx.AsyncClient, name: str) -> None:
    document = (await api.get(f"/v2/schema/{name}")).json()

    assert document["name"] == name
    assert document["properties"].keys() == {*CATALOG[name].properties, *CATALOG.documents}


@pytest.mark.parametrize("path", ["/v2/schema", "/v2/schema/project"])
async def test_a_caller_that_has_it_is_told_so(api: httpx.AsyncClient, path: str) -> None:
    first = await api.get(path)
    again = await api.get(path, headers={"If-None-Match": first.headers["etag"]})

    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])


@pytest.mark.parametrize("name", ["no-such-kind", "config-root"])
async def test_what_is_no_kind_is_404(api: httpx.AsyncClient, name: str) -> None:
    answer = await api.get(f"/v2/schema/{name}")

    assert (answer.status_code, answer.text) == (404, f"Resource type '{name}' not found")


async def test_other_methods_and_paths_below_v2_are_told_as_everywhere(api: httpx.AsyncClient) -> None:
    wrong, unknown = await api.post("/v2/schema", json={}), await api.get("/v2/nothing")

    assert (wrong.status_code, wrong.headers["allow"], wrong.text) == (405, "GET, HEAD", "Method not allowed.")
    assert (unknown.status_code, unknown.text) == (404, "Not found: '/v2/nothing'")
