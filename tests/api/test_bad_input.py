"""Whatever a client sends, it gets a 4xx with a reason, and nothing is left behind."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest

from tests.api.census import census
from tests.contract.world import DEFAULT_IPAM, FAR_AWAY, Document, World, link, subnet
from tests.served import run

MANY = 10_000

pytestmark = pytest.mark.usefixtures("untouched")


@dataclass(frozen=True)
class Ground:
    """A project with one network, which all tests of the module share: none of them may change it."""

    domain: str
    ids: dict[str, str]
    network: Document


async def _lay(api_url: str) -> Ground:
    async with httpx.AsyncClient(base_url=api_url, timeout=60, trust_env=False) as client:
        world = await World(client).found()
        return Ground(world.domain, world.ids, await world.network("network", "10.0.0.0/24"))


@pytest.fixture(scope="module")
def ground(api_url: str) -> Ground:
    laid: Ground = run(_lay(api_url))
    return laid


@pytest.fixture
def world(api: httpx.AsyncClient, ground: Ground) -> World:
    return World(api, ground.domain, ground.ids)


@pytest.fixture
def network(ground: Ground) -> Document:
    return ground.network


@pytest.fixture
async def untouched(ground: Ground, database_url: str) -> AsyncIterator[None]:
    """What the test sends leaves no row of any kind."""
    del ground
    connection = await asyncpg.connect(database_url)
    try:
        before = await census(connection)
        yield
        assert await census(connection) == before
    finally:
        await connection.close()


def assert_refused(response: httpx.Response, status: int | None = None) -> None:
    assert 400 <= response.status_code < 500, f"{response.status_code}: {response.text[:300]}"
    assert status is None or response.status_code == status, response.text[:300]
    assert response.headers["content-type"].startswith("text/plain")
    assert response.text.strip()


def name_for(value: object) -> str:
    return f"{value!r:.40}"


NOT_DOCUMENTS = [
    b"",
    b"not json",
    b"{",
    b"[]",
    b"null",
    b"5",
    b'"text"',
    b"\xff\xfe\x00",
    b'{"virtual-network": NaN}',
    b'{"virtual-network": {"fq_name": ["default-domain", "default-project", "\\ud800"]}}',
    b'{"virtual-network": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b"[" * 400_000,
]


@pytest.mark.parametrize("content", NOT_DOCUMENTS, ids=name_for)
@pytest.mark.parametrize(
    "path",
    [
        "virtual-networks",
        "list-bulk-collection",
        "fqname-to-id",
        "id-to-fqname",
        "ref-update",
        "ref-relax-for-delete",
        "prop-collection-update",
    ],
)
async def test_a_body_that_is_no_document_is_refused(api: httpx.AsyncClient, path: str, content: bytes) -> None:
    assert_refused(await api.post(f"/{path}", content=content, headers={"Content-Type": "application/json"}), 400)


@pytest.mark.parametrize("content", [content for content in NOT_DOCUMENTS if content], ids=name_for)
async def test_an_update_that_is_no_document_is_refused(world: World, content: bytes) -> None:
    assert_refused(await world.api.put(f"/project/{world.project_id}", content=content), 400)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"project": {}}', b'{"project": []}'], ids=name_for)
async def test_an_update_that_says_nothing_changes_nothing(world: World, content: bytes) -> None:
    response = await world.api.put(f"/project/{world.project_id}", content=content)

    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"project": {"fq_name": ["a"]}},
        {"virtual_networks": {}},
        {"virtual-network": {}},
        {"virtual-network": []},
        {"virtual-network": 5},
    ],
    ids=name_for,
)
async def test_a_create_under_another_key_is_refused(api: httpx.AsyncClient, body: Document) -> None:
    assert_refused(await api.post("/virtual-networks", json=body), 400)


async def test_an_update_under_another_key_is_refused(world: World) -> None:
    response = await world.api.put(f"/project/{world.project_id}", json={"virtual-network": {"display_name": "x"}})

    assert_refused(response, 400)


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = {"key_value_pair": [value]}
    return value


@pytest.mark.parametrize("depth", [2, 40, 400], ids=str)
async def test_deep_nesting_inside_a_property_is_refused(world: World, depth: int) -> None:
    assert_refused(await world.post("virtual-network", "a", annotations=nested(depth)), 400)


TWO_MEGABYTES = json.dumps({"virtual-network": {"fq_name": ["x" * 2_000_000]}}).encode()


@pytest.mark.parametrize("path", ["virtual-networks", "list-bulk-collection", "ref-update"])
async def test_two_megabytes_are_413(api: httpx.AsyncClient, path: str) -> None:
    assert_refused(await api.post(f"/{path}", content=TWO_MEGABYTES), 413)


async def test_two_megabytes_in_an_update_are_413(world: World) -> None:
    assert_refused(await world.api.put(f"/project/{world.project_id}", content=TWO_MEGABYTES), 413)


async def test_two_megabytes_of_unknown_length_are_413(api: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(TWO_MEGABYTES), 65_536):
            yield TWO_MEGABYTES[start : start + 65_536]

    assert_refused(await api.post("/virtual-networks", content=chunks()), 413)


WITH_NUL: list[Document] = [
    {"fq_name": ["default-domain", "default-project", "a\0b"]},
    {"fq_name": ["default-domain", "a\0b", "network"]},
    {"display_name": "a\0b"},
    {"annotations": {"key_value_pair": [{"key": "k\0", "value": "v"}]}},
    {"annotations": {"key_value_pair": [{"key": "k", "value": "v\0"}]}},
    {"id_perms": {"enable": True, "description": "a\0b"}},
    {"perms2": {"owner": "a\0b", "owner_access": 7}},
    {"perms2": {"owner": "a", "share": [{"tenant": "a\0b", "tenant_access": 7}]}},
    {"parent_type": "proj\0ect"},
    {"network_ipam_refs": link(to=["default-domain", "default-project", "a\0b"])},
    {"network_ipam_refs": link(subnet("10.0.0.0/24", subnet_name="a\0b"))},
    {"network_ipam_refs": link(subnet("10.0.0.0\0/24"))},
    {"route_target_list": {"route_target": ["target:1:1\0"]}},
    {"uuid": "\0"},
]


@pytest.mark.parametrize("body", WITH_NUL, ids=name_for)
async def test_a_nul_character_is_refused(world: World, body: Document) -> None:
    assert_refused(await world.post("virtual-network", "a", **body))


@pytest.mark.parametrize("name", ["display_name", "annotations", "id_perms"])
async def test_a_nul_character_is_refused_in_an_update(world: World, name: str) -> None:
    body = next(body for body in WITH_NUL if name in body)

    assert_refused(await world.put("project", world.project_id, **body), 400)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("fqname-to-id", {"type": "virtual-network", "fq_name": ["a\0b"]}),
        ("fqname-to-id", {"type": "virtual\0network", "fq_name": ["a"]}),
        ("id-to-fqname", {"uuid": "\0"}),
        ("list-bulk-collection", {"type": "\0"}),
        ("ref-update", {"type": "project", "uuid": "\0", "ref-type": "namespace", "ref-uuid": "\0", "operation": "ADD"}),
    ],
    ids=name_for,
)
async def test_a_nul_character_is_refused_in_an_action(api: httpx.AsyncClient, path: str, body: Document) -> None:
    assert_refused(await api.post(f"/{path}", json=body))


@pytest.mark.parametrize(
    "query",
    ["parent_fq_name_str=a%00b", "fq_names=a%00b", "parent_id=%00", "obj_uuids=%00", "back_ref_id=%00", 'filters=display_name=="%00"'],
)
async def test_a_nul_character_in_a_query_finds_nothing(api: httpx.AsyncClient, query: str) -> None:
    response = await api.get(f"/virtual-networks?{query}")

    assert response.status_code in {200, 400}
    assert response.status_code == 400 or response.json() == {"virtual-networks": []}


def lists_of_many() -> dict[str, Document]:
    return {
        "fq_name": {"fq_name": ["x"] * MANY},
        "unknown targets": {"network_policy_refs": [{"to": ["d", "p", str(n)], "attr": None} for n in range(MANY)]},
        "unknown uuids": {"network_policy_refs": [{"uuid": FAR_AWAY, "attr": None}] * MANY},
        "equal subnets": {"network_ipam_refs": link(*[subnet("10.0.0.0/30")] * MANY)},
        "route targets": {"route_target_list": {"route_target": ["target"] * MANY}},
        "wrong elements": {"annotations": {"key_value_pair": [5] * MANY}},
        "unknown sub-keys": {"annotations": {"key_value_pair": [{"kei": "x"}] * MANY}},
        "shares": {"perms2": {"owner": "x", "share": [{"tenant": 5}] * MANY}},
        "pools": {"network_ipam_refs": link(subnet("10.0.0.0/8", allocation_pools=[{"start": "10.0.0.1", "end": "10.0.0.9"}] * MANY))},
        "far pools": {"network_ipam_refs": link(subnet("10.0.0.0/8", allocation_pools=[{"start": "11.0.0.1", "end": "11.0.0.9"}] * MANY))},
    }


@pytest.mark.parametrize("case", lists_of_many())
async def test_a_list_of_ten_thousand_wrong_elements_is_refused_in_few_words(world: World, case: str) -> None:
    response = await world.post("virtual-network", "a", **lists_of_many()[case])

    assert_refused(response, 400)
    assert len(response.content) < 100_000


@pytest.mark.parametrize(
    ("path", "body", "statuses"),
    [
        ("list-bulk-collection", {"type": "virtual-network", "obj_uuids": [FAR_AWAY] * MANY}, {200}),
        ("list-bulk-collection", {"type": "virtual-network", "obj_uuids": ["x"] * MANY}, {200}),
        ("fqname-to-id", {"type": "virtual-network", "fq_name": ["x"] * MANY}, {400, 404}),
        ("prop-collection-update", {"uuid": FAR_AWAY, "updates": [{"field": "annotations", "operation": "set"}] * MANY}, {400, 404}),
    ],
    ids=["known uuids", "no uuids", "a name", "updates"],
)
async def test_an_action_takes_ten_thousand_elements(api: httpx.AsyncClient, path: str, body: Document, statuses: set[int]) -> None:
    assert (await api.post(f"/{path}", json=body)).status_code in statuses


HUGE = 10**30
WRONG: dict[str, list[Any]] = {
    "fq_name": [5, "a:b:c", {"a": 1}, [1, 2, 3], [None], [[]], ["d", "p", 5], ["d", "p", None], ["d", "p", ""], True],
    "parent_type": [5, ["project"], {"a": 1}, "nope", "domain", "virtual-machine"],
    "parent_uuid": [5, "x", ["x"], {"a": 1}, FAR_AWAY, HUGE],
    "uuid": [5, "x", ["x"], FAR_AWAY.upper().replace("0", "A"), "00000000000040008000000000000bad", HUGE, True],
    "id_perms": [5, "x", ["x"], {"enable": "yes"}, {"enable": 5}, {"user_visible": "no"}, {"description": 5}, {"colour": "red"}],
    "perms2": [
        5,
        "x",
        ["x"],
        {"owner": 5},
        {"owner_access": 99},
        {"owner_access": "x"},
        {"global_access": HUGE},
        {"share": 5},
        {"share": [5]},
    ],
    "display_name": [5, ["x"], {"a": 1}, True],
    "annotations": [5, "x", ["x"], {"key_value_pair": 5}, {"key_value_pair": [5]}, {"key_value_pair": [{"key": 5}]}, {"pairs": []}],
    "mtu": [[1], {"a": 1}, 1.5, "1.5", "x", HUGE, -HUGE, -1, True, float(10**300)],
    "is_shared": ["true", 1, [True], {"a": True}],
    "address_allocation_mode": ["nope", 5, ["flat-subnet-only"]],
    "virtual_network_properties": [5, "x", ["x"], {"forwarding_mode": 5}, {"forwarding_mode": "l4"}, {"vxlan_network_identifier": HUGE}],
    "virtual_network_network_id": [77],
    "route_target_list": [
        5,
        {"route_target": 5},
        {"route_target": [5]},
        {"route_target": ["x"]},
        {"route_target": ["target:64512:8000001"]},
    ],
    "mac_limit_control": [{"mac_limit": "x"}, {"mac_limit_action": "sing"}],
    "network_policy_refs": [
        5,
        "x",
        {"a": 1},
        [5],
        [{}],
        [[]],
        [{"to": 5, "attr": None}],
        [{"to": ["x"], "attr": 5}],
        [{"uuid": 5, "attr": None}],
    ],
    "virtual_network_refs": [[{"to": [None]}], [{"to": ["x"], "uuid": HUGE}], [{"uuid": "x"}], [{"attr": None}]],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values], ids=name_for)
async def test_a_value_of_the_wrong_type_is_refused(world: World, name: str, value: Any) -> None:
    assert_refused(await world.post("virtual-network", "a", **{name: value}))


KEPT = ["fq_name", "parent_type", "parent_uuid", "uuid"]


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() if name not in KEPT for value in values], ids=name_for
)
async def test_a_value_of_the_wrong_type_is_refused_in_an_update(world: World, network: Document, name: str, value: Any) -> None:
    assert_refused(await world.put("virtual-network", network["uuid"], **{name: value}))
    assert await world.read("virtual-network", network["uuid"]) == network


BAD_SUBNETS: list[Any] = [
    5,
    [],
    {"subnet": 5},
    {"subnet": {"ip_prefix": 5, "ip_prefix_len": 24}},
    {"subnet": {"ip_prefix": "10.0.0.256", "ip_prefix_len": 24}},
    {"subnet": {"ip_prefix": "10.0.0.0"}},
    {"subnet": {"ip_prefix_len": 24}},
    subnet("10.0.0.0/33"),
    subnet("10.0.0.0/-1"),
    subnet(f"10.0.0.0/{HUGE}"),
    subnet("10.0.0.0/31"),
    subnet("10.0.0.0/32"),
    subnet("fd00::/127"),
    subnet("fd00::/129"),
    subnet("10.0.0.0/24", subnet_uuid="x"),
    subnet("10.0.0.0/24", default_gateway="x"),
    subnet("10.0.0.0/24", default_gateway="10.0.1.1"),
    subnet("10.0.0.0/24", default_gateway="fd00::1"),
    subnet("10.0.0.0/24", dns_server_address="x"),
    subnet("10.0.0.0/24", alloc_unit=3),
    subnet("10.0.0.0/24", alloc_unit=-4),
    subnet("10.0.0.0/24", alloc_unit=HUGE),
    subnet("10.0.0.0/24", allocation_pools=5),
    subnet("10.0.0.0/24", allocation_pools=[{"start": "10.0.0.9"}]),
    subnet("10.0.0.0/24", allocation_pools=[{"start": "10.0.0.9", "end": "10.0.0.1"}]),
    subnet("10.0.0.0/24", allocation_pools=[{"start": "10.0.1.1", "end": "10.0.1.9"}]),
    subnet("10.0.0.0/24", allocation_pools=[{"start": "fd00::1", "end": "fd00::9"}]),
    subnet("10.0.0.0/24", colour="red"),
    {},
    {"subnet_name": "no prefix"},
]


@pytest.mark.parametrize("entry", BAD_SUBNETS, ids=name_for)
async def test_a_bad_subnet_is_refused(world: World, entry: Any) -> None:
    refs = [{"to": DEFAULT_IPAM, "attr": {"ipam_subnets": [entry]}}]

    assert_refused(await world.post("virtual-network", "a", network_ipam_refs=refs), 400)


@pytest.mark.parametrize("attr", [None, {}, 5, "x", [], {"ipam_subnets": 5}, {"ipam_subnets": None}, {"host_routes": {}}], ids=name_for)
async def test_a_bad_attribute_of_an_ipam_link_is_refused(world: World, attr: Any) -> None:
    assert_refused(await world.post("virtual-network", "a", network_ipam_refs=[{"to": DEFAULT_IPAM, "attr": attr}]), 400)


@pytest.mark.parametrize("text", ["x", "10.0.0", "10.0.0.0/24", "10.0.0.999", "::g", 5, ["10.0.0.1"], "10.0.0.1\0", " "], ids=name_for)
async def test_a_bad_address_is_refused(world: World, network: Document, text: Any) -> None:
    assert_refused(await world.post_address(network, instance_ip_address=text), 400)


@pytest.mark.parametrize(
    "body",
    [
        {"count": "x"},
        {"count": -1},
        {"count": 1.5},
        {"count": HUGE},
        {"count": MANY},
        {"count": 10**9},
        {"subnet": FAR_AWAY},
        {"subnet": 5},
        {"family": "v5"},
    ],
    ids=name_for,
)
async def test_a_bad_reservation_takes_nothing(world: World, network: Document, body: Document) -> None:
    assert_refused(await world.action(f"virtual-network/{network['uuid']}/ip-alloc", **body))


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
