"""Bodies that are no documents, too deep, too large, too long or with NUL characters get a 4xx, and nothing is left behind."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.api.ground import assert_refused, ground, name_for, network, untouched, world
from tests.contract.world import FAR_AWAY, Document, World, link, subnet

__all__ = ["ground", "network", "untouched", "world"]


pytestmark = pytest.mark.usefixtures("untouched")

MANY = 10_000

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
