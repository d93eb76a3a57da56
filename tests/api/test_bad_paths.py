"""Uuids, kinds, names, queries, paths and methods that are none get a 4xx, and nothing is left behind."""

import json

import httpx
import pytest

from tests.api.ground import assert_refused, ground, name_for, network, untouched, world
from tests.contract.world import FAR_AWAY, Document, World

__all__ = ["ground", "network", "untouched", "world"]

pytestmark = pytest.mark.usefixtures("untouched")

BAD_UUIDS = ["x", "5", "0" * 36, FAR_AWAY.upper(), FAR_AWAY.replace("-", ""), f"{{{FAR_AWAY}}}", "a" * 5_000, "%00", "%ff", "..%2f", "'"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("uuid", BAD_UUIDS, ids=name_for)
async def test_a_uuid_that_is_none_is_404(api: httpx.AsyncClient, method: str, uuid: str) -> None:
    assert_refused(await api.request(method, f"/virtual-network/{uuid}", json={"virtual-network": {"display_name": "x"}}), 404)


@pytest.mark.parametrize("key", ["obj_uuids", "parent_id", "back_ref_id"])
@pytest.mark.parametrize("uuid", ["x", "5", "0" * 36, FAR_AWAY.replace("-", ""), ",,,", "'", "a" * 5_000], ids=name_for)
async def test_a_uuid_that_is_none_finds_nothing_in_a_list(api: httpx.AsyncClient, key: str, uuid: str) -> None:
    response = await api.get("/virtual-networks", params={key: uuid})

    assert (response.status_code, response.json()) == (200, {"virtual-networks": []})


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/nopes", None),
        ("GET", f"/nope/{FAR_AWAY}", None),
        ("POST", "/nopes", {"nope": {"fq_name": ["x"]}}),
        ("PUT", f"/nope/{FAR_AWAY}", {"nope": {"display_name": "x"}}),
        ("DELETE", f"/nope/{FAR_AWAY}", None),
        ("GET", "/virtual_networks", None),
        ("POST", "/list-bulk-collection", {"type": "nope"}),
        ("POST", "/fqname-to-id", {"type": "nope", "fq_name": ["x"]}),
        ("POST", "/ref-update", {"type": "nope", "uuid": FAR_AWAY, "ref-type": "tag", "ref-uuid": FAR_AWAY, "operation": "ADD"}),
        ("POST", "/ref-update", {"type": "project", "uuid": FAR_AWAY, "ref-type": "nope", "ref-uuid": FAR_AWAY, "operation": "ADD"}),
        ("GET", "/virtual-networks?parent_fq_name_str=a:b&parent_type=nope", None),
    ],
    ids=name_for,
)
async def test_an_unknown_kind_is_404(api: httpx.AsyncClient, method: str, path: str, body: Document | None) -> None:
    assert_refused(await api.request(method, path, json=body), 404)


@pytest.mark.parametrize(
    "name",
    ["x" * 256, "\N{GRINNING FACE}" * 256, "a:b", "a\x01b", "a\ufffeb", "", "\x7f\x00"],
    ids=["256 letters", "256 faces", "colon", "control", "noncharacter", "empty", "delete and nul"],
)
async def test_a_name_that_cannot_be_is_refused(world: World, name: str) -> None:
    assert_refused(await world.post("virtual-network", name), 400)


async def test_a_name_of_many_long_elements_is_refused(world: World) -> None:
    assert_refused(await world.post("virtual-network", "a", fq_name=["\N{GRINNING FACE}" * 255] * 5))


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("filters=foo", "Invalid filter foo"),
        ("filters=mtu==1==2", "mtu==1==2"),
        ("filters=mtu=1", "mtu=1"),
        ("page_marker=&page_limit=x", "page_limit"),
        ("page_marker=&page_limit=-1", "page_limit"),
        ("page_marker=&page_limit=0", "page_limit"),
        ("page_marker=&page_limit=1.5", "page_limit"),
        (f"page_marker=&page_limit={10**30}", "page_limit"),
        ("page_marker=garbage", "Invalid page_marker garbage"),
        (f"parent_id={FAR_AWAY}&page_marker=garbage", "Invalid page_marker garbage"),
    ],
)
async def test_a_bad_list_query_is_400(api: httpx.AsyncClient, query: str, reason: str) -> None:
    response = await api.get(f"/virtual-networks?{query}")

    assert_refused(response, 400)
    assert reason in response.text


@pytest.mark.parametrize(
    "query",
    [
        "fields=,,,",
        "fields=" + "x," * 10_000,
        "count=maybe",
        "detail=5",
        "nothing",
        "a=1&a=2",
        "fields=%ff",
        "filters=",
    ],
    ids=name_for,
)
async def test_an_odd_list_query_is_answered(api: httpx.AsyncClient, query: str) -> None:
    assert (await api.get(f"/projects?{query}")).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/nope",
        "//projects",
        "/virtual-network",
        "/virtual-network/",
        f"/project/{FAR_AWAY}/more",
        "/projects/more",
        "/%00",
        "/%ff",
        "/.env",
    ],
)
async def test_an_unknown_path_is_404_and_named(api: httpx.AsyncClient, path: str) -> None:
    response = await api.get(httpx.URL(str(api.base_url).rstrip("/") + path))

    assert_refused(response, 404)


async def test_an_unknown_path_is_named(api: httpx.AsyncClient) -> None:
    assert (await api.get("/nope")).text == "Not found: '/nope'"


@pytest.mark.parametrize("tail", ["/", "%20", "/%20"])
async def test_a_slash_or_a_blank_at_the_end_is_tolerated(world: World, tail: str) -> None:
    base = str(world.api.base_url).rstrip("/")

    answers = [
        await world.api.get(httpx.URL(f"{base}/projects{tail}")),
        await world.api.get(httpx.URL(f"{base}/project/{world.project_id}{tail}")),
        await world.api.post(httpx.URL(f"{base}/list-bulk-collection{tail}"), json={"type": "project"}),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 200]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", "/projects", {"GET", "HEAD", "POST"}),
        ("DELETE", "/projects", {"GET", "HEAD", "POST"}),
        ("PUT", "/projects", {"GET", "HEAD", "POST"}),
        ("OPTIONS", "/projects", {"GET", "HEAD", "POST"}),
        ("POST", f"/project/{FAR_AWAY}", {"GET", "HEAD", "PUT", "DELETE"}),
        ("GET", "/ref-update", {"POST"}),
        ("POST", "/prop-collection-get", {"GET", "HEAD"}),
        ("POST", "/", {"GET", "HEAD"}),
    ],
)
async def test_a_method_that_is_not_on_the_path_is_405(api: httpx.AsyncClient, method: str, path: str, allowed: set[str]) -> None:
    response = await api.request(method, path)

    assert_refused(response, 405)
    assert response.text == "Method not allowed."
    assert set(response.headers["allow"].replace(" ", "").split(",")) == allowed


async def test_head_is_answered_like_get_without_a_body(world: World) -> None:
    got = await world.api.get(f"/project/{world.project_id}")

    head = await world.api.head(f"/project/{world.project_id}")

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == got.headers["etag"]


@pytest.mark.parametrize("content_type", ['application/json; charset="UTF-8"', "text/plain", "application/x-www-form-urlencoded", "x", ""])
async def test_any_content_type_is_read_as_json(api: httpx.AsyncClient, content_type: str) -> None:
    content = json.dumps({"type": "project", "fq_name": ["default-domain", "default-project"]})

    response = await api.post("/fqname-to-id", content=content, headers={"Content-Type": content_type})

    assert response.status_code == 200
