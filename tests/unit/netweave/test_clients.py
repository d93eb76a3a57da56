"""What the two clients send and make of the answers; both are put to the same questions."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

import pytest

import netweave
from netweave import AsyncClient, Client, Retries
from tests.unit.netweave.scripted import Asked, Reply, problem, serving, text

UUID = "7a1e0000-0000-4000-8000-000000000001"
OTHER = "7a1e0000-0000-4000-8000-000000000002"

Ask = Callable[[Any], Any]


def blocking(url: str, ask: Ask, pauses: list[float]) -> Any:
    with Client(url, retries=Retries(times=3, first=1.0, longest=3.0), sleep=pauses.append) as client:
        found = ask(client)
        return list(found) if inspect.isgenerator(found) else found


def awaited(url: str, ask: Ask, pauses: list[float]) -> Any:
    async def run() -> Any:
        async with AsyncClient(url, retries=Retries(times=3, first=1.0, longest=3.0), sleep=pause) as client:
            found = ask(client)
            return [row async for row in found] if inspect.isasyncgen(found) else await found

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    return asyncio.run(run())


both = pytest.mark.parametrize("through", [blocking, awaited])
Through = Callable[[str, Ask, list[float]], Any]


def told(through: Through, ask: Ask, *replies: Reply) -> tuple[Any, list[Asked]]:
    with serving(*replies) as script:
        found = through(script.url, ask, [])
    return found, script.asked


@both
def test_create_wraps_the_document_in_its_kind_and_unwraps_the_answer(through: Through) -> None:
    made, asked = told(
        through, lambda c: c.create("virtual_network", {"fq_name": ["a", "b", "c"]}), Reply(body={"virtual-network": {"uuid": UUID}})
    )

    assert made == {"uuid": UUID}
    assert (asked[0].method, asked[0].path, asked[0].body) == (
        "POST",
        "/virtual-networks",
        {"virtual-network": {"fq_name": ["a", "b", "c"]}},
    )
    assert "application/problem+json" in asked[0].headers["accept"]


@both
def test_a_kind_keeps_its_capital_letters(through: Through) -> None:
    _, asked = told(through, lambda c: c.read("virtual_DNS", UUID), Reply(body={"virtual-DNS": {}}))

    assert asked[0].path == f"/virtual-DNS/{UUID}"


@both
def test_read_asks_for_fields_and_leaves_out_what_is_excluded(through: Through) -> None:
    _, asked = told(through, lambda c: c.read("project", UUID, ["a", "b"], exclude=["children", "hrefs"]), Reply(body={"project": {}}))

    assert asked[0].query == {"fields": "a,b", "exclude_children": "true", "exclude_hrefs": "true"}


@both
def test_an_update_answered_with_nothing_is_an_empty_document(through: Through) -> None:
    found, asked = told(through, lambda c: c.update("project", UUID, {}), Reply())

    assert found == {}
    assert (asked[0].method, asked[0].body) == ("PUT", {"project": {}})


@both
def test_many_writes_are_one_request_with_a_key_and_are_tried_again(through: Through) -> None:
    entry = {"kind": "project", "operation": "delete", "data": {"uuid": UUID}}

    found, asked = told(through, lambda c: c.bulk([entry]), Reply(status=0), Reply(body={"results": [{}]}))

    assert found == [{}]
    assert [(one.method, one.path, one.body) for one in asked] == [("POST", "/v2/bulk", {"resources": [entry]})] * 2
    assert len({one.headers["idempotency-key"] for one in asked}) == 1


@both
def test_many_writes_are_told_with_the_fields_that_are_asked_for(through: Through) -> None:
    _, asked = told(through, lambda c: c.bulk([], fields=["instance_ip_address", "mtu"]), Reply(body={"results": []}))

    assert asked[0].query == {"fields": "instance_ip_address,mtu"}


@both
def test_a_dry_run_of_many_writes_has_no_key(through: Through) -> None:
    _, asked = told(through, lambda c: c.bulk([], dry_run=True), Reply(body={"results": []}))

    assert asked[0].query == {"dry_run": "true"}
    assert "idempotency-key" not in asked[0].headers


@both
def test_list_restricts_by_all_that_is_given(through: Through) -> None:
    def ask(client: Any) -> Any:
        return client.list(
            "instance-ip",
            parent_fq_name=["a", "b"],
            back_ref_id=UUID,
            fq_names=[["a", "x"], "a:y"],
            filters={"n": 5, "t": "x y"},
            fields=["f"],
        )

    _, asked = told(through, ask, Reply(body={"instance-ips": []}))

    assert asked[0].method == "GET"
    assert asked[0].query == {
        "parent_fq_name_str": "a:b",
        "back_ref_id": UUID,
        "fq_names": "a:x,a:y",
        "filters": 'n==5,t=="x y"',
        "fields": "f",
    }


@both
def test_list_in_detail_unwraps_every_row(through: Through) -> None:
    found, asked = told(through, lambda c: c.list("project", detail=True), Reply(body={"projects": [{"project": {"uuid": UUID}}]}))

    assert found == [{"uuid": UUID}]
    assert asked[0].query == {"detail": "true"}


@both
@pytest.mark.parametrize(("number", "method", "path"), [(25, "GET", "/projects"), (26, "POST", "/list-bulk-collection")])
def test_more_than_25_ids_go_in_a_body(through: Through, number: int, method: str, path: str) -> None:
    _, asked = told(through, lambda c: c.list("project", obj_uuids=[UUID] * number), Reply(body={"projects": []}))

    assert (asked[0].method, asked[0].path) == (method, path)
    assert (asked[0].body or asked[0].query)["obj_uuids"] == ",".join([UUID] * number)


@both
def test_a_name_with_a_comma_goes_as_a_list_that_nobody_splits(through: Through) -> None:
    _, asked = told(through, lambda c: c.list("project", fq_names=["a:b,c"]), Reply(body={"projects": []}))

    assert asked[0].body == {"type": "project", "fq_names": ["a:b,c"]}


@both
def test_a_selection_of_no_objects_is_not_a_selection_of_all(through: Through) -> None:
    _, asked = told(through, lambda c: c.list("project", obj_uuids=[]), Reply(body={"projects": []}))

    assert asked[0].query["obj_uuids"] == "00000000-0000-0000-0000-000000000000"


@both
def test_iterate_follows_the_marker_to_the_end(through: Through) -> None:
    pages = [Reply(body={"projects": [{"uuid": UUID}], "marker": "m1"}), Reply(body={"projects": [], "marker": "m2"})]
    last = Reply(body={"projects": [{"uuid": OTHER}], "marker": None})

    found, asked = told(through, lambda c: c.iterate("project", page=1, parent_id=[UUID]), *pages, last)

    assert [row["uuid"] for row in found] == [UUID, OTHER]
    assert [(one.query["page_marker"], one.query["page_limit"]) for one in asked] == [("", "1"), ("m1", "1"), ("m2", "1")]
    assert all(one.query["parent_id"] == UUID for one in asked)


@both
def test_list_by_pages_is_as_complete_as_list(through: Through) -> None:
    pages = [Reply(body={"projects": [{"uuid": UUID}], "marker": "m"}), Reply(body={"projects": [{"uuid": OTHER}], "marker": None})]

    found, _ = told(through, lambda c: c.list("project", page=1), *pages)

    assert [row["uuid"] for row in found] == [UUID, OTHER]


@both
def test_count_is_a_number(through: Through) -> None:
    found, asked = told(through, lambda c: c.count("project", parent_id=UUID), Reply(body={"projects": {"count": 12}}))

    assert found == 12
    assert asked[0].query == {"parent_id": UUID, "count": "true"}


@both
def test_find_splits_a_name_at_its_colons_but_not_a_route_target(through: Through) -> None:
    answers = [Reply(body={"uuid": UUID}), Reply(body={"uuid": UUID})]
    _, one = told(through, lambda c: c.find("virtual_network", "a:b:c"), answers[0])
    _, two = told(through, lambda c: c.find("route-target", "target:64512:8"), answers[1])

    assert one[0].body == {"type": "virtual-network", "fq_name": ["a", "b", "c"]}
    assert two[0].body == {"type": "route-target", "fq_name": ["target:64512:8"]}


@both
def test_name_of_tells_kind_and_name(through: Through) -> None:
    found, _ = told(through, lambda c: c.name_of(UUID), Reply(body={"type": "project", "fq_name": ["a", "b"]}))

    assert found == ("project", ["a", "b"])


@both
def test_ref_update_names_both_ends(through: Through) -> None:
    def ask(client: Any) -> Any:
        return client.ref_update("virtual_network", UUID, "network_ipam", ref_fq_name="a:b:c", operation="ADD", attr={"ipam_subnets": []})

    _, asked = told(through, ask, Reply(body={"uuid": UUID}))

    assert asked[0].body == {
        "type": "virtual-network",
        "uuid": UUID,
        "ref-type": "network-ipam",
        "ref-uuid": None,
        "ref-fq-name": ["a", "b", "c"],
        "operation": "ADD",
        "attr": {"ipam_subnets": []},
    }


@both
def test_a_ref_without_target_is_not_sent(through: Through) -> None:
    with serving() as script, pytest.raises(ValueError, match="uuid or its fq_name"):
        through(script.url, lambda c: c.ref_update("a", UUID, "b", operation="ADD"), [])

    assert script.asked == []


@both
def test_collections_come_with_positions_and_change_by_element(through: Through) -> None:
    got, asked = told(through, lambda c: c.prop_collection_get(UUID, ["annotations"]), Reply(body={"annotations": [[{"key": "a"}, "a"]]}))
    changes = [{"field": "annotations", "operation": "set", "value": {"key": "a", "value": "1"}}]
    _, changed = told(through, lambda c: c.prop_collection_update(UUID, changes), Reply())

    assert got == {"annotations": [({"key": "a"}, "a")]}
    assert asked[0].query == {"uuid": UUID, "fields": "annotations"}
    assert changed[0].body == {"uuid": UUID, "updates": changes}


@both
def test_addresses_are_taken_counted_and_given_back(through: Through) -> None:
    taken, asked = told(through, lambda c: c.ip_alloc(UUID, count=2, family="v4"), Reply(body={"ip_addr": ["10.0.0.3", "10.0.0.4"]}))
    counts, _ = told(through, lambda c: c.subnet_ip_count(UUID, [OTHER]), Reply(body={"ip_count_list": [2]}))
    freed, free = told(through, lambda c: c.ip_free(UUID, taken), Reply())

    assert (taken, counts, freed) == (["10.0.0.3", "10.0.0.4"], [2], None)
    assert asked[0].body == {"count": 2, "subnet": None, "family": "v4"}
    assert (free[0].path, free[0].body) == (f"/virtual-network/{UUID}/ip-free", {"ip_addr": taken})


@both
@pytest.mark.parametrize("failure", [Reply(0), text(503, "starting"), text(502, "proxy")], ids=["cut off", "503", "502"])
def test_a_failure_that_passes_is_asked_again_after_growing_pauses(through: Through, failure: Reply) -> None:
    pauses: list[float] = []
    with serving(failure, failure, failure, Reply(body={"projects": []})) as script:
        found = through(script.url, lambda c: c.list("project"), pauses)

    assert found == []
    assert pauses == [1.0, 2.0, 3.0]


@both
def test_patience_ends(through: Through) -> None:
    pauses: list[float] = []
    with serving(*[text(503, "starting")] * 9) as script, pytest.raises(netweave.Unavailable, match="starting"):
        through(script.url, lambda c: c.home(), pauses)

    assert len(script.asked) == 4


@both
@pytest.mark.parametrize("failure", [Reply(0), text(503, "starting")], ids=["cut off", "503"])
@pytest.mark.parametrize(
    "ask",
    [
        lambda c: c.create("project", {"fq_name": ["a", "b"]}),
        lambda c: c.ip_alloc(UUID),
        lambda c: c.prop_collection_update(UUID, [{"field": "f", "operation": "add", "value": 1}]),
    ],
    ids=["create", "ip-alloc", "add to a list"],
)
def test_what_must_not_happen_twice_is_asked_once(through: Through, ask: Ask, failure: Reply) -> None:
    with serving(failure, Reply()) as script, pytest.raises((netweave.Unreachable, netweave.Unavailable)):
        through(script.url, ask, [])

    assert len(script.asked) == 1


@both
def test_a_server_that_is_not_there_is_tried_even_for_a_create_and_told_as_unreachable(through: Through) -> None:
    with serving() as script:
        url = script.url
    pauses: list[float] = []

    with pytest.raises(netweave.Unreachable, match=f"no answer from {url} to POST /projects"):
        through(url, lambda c: c.create("project", {}), pauses)
    assert len(pauses) == 3


@both
@pytest.mark.parametrize("body", ["<html>", [], {"other": 1}], ids=["no JSON", "a list", "another key"])
def test_an_answer_of_something_else_is_told_as_such(through: Through, body: object) -> None:
    with serving(Reply(body=body)) as script, pytest.raises(netweave.Unreadable, match="what no VNC API says"):
        through(script.url, lambda c: c.read("project", UUID), [])


@both
def test_a_refusal_is_raised_with_its_facts(through: Through) -> None:
    refusal = problem(409, "still-referred", blocking=["http://x/a/1"])
    with serving(refusal) as script, pytest.raises(netweave.StillReferenced, match="it is still-referred") as caught:
        through(script.url, lambda c: c.delete("project", UUID), [])

    assert caught.value.blocking == ["http://x/a/1"]


@pytest.mark.parametrize("url", ["localhost:8082", "ftp://x", "http://", "http://x:y", ""])
def test_a_url_that_is_none_is_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(netweave.InvalidUrl, match="expected http://host:port"):
        Client(url)


def test_both_clients_promise_the_same() -> None:
    def promises(kind: type) -> dict[str, list[str]]:
        own = {name: member for name, member in vars(kind).items() if not name.startswith("_") and callable(member)}
        return {name: list(inspect.signature(member).parameters) for name, member in own.items()}

    assert promises(Client) == promises(AsyncClient)


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_a_token_goes_with_each_request(client: type[Client] | type[AsyncClient]) -> None:
    made = client("http://127.0.0.1:1", token="of-alice\n", headers={"X-Other": "1"})

    assert (made._http.headers["X-Auth-Token"], made._http.headers["X-Other"]) == ("of-alice", "1")
    assert "X-Auth-Token" not in client("http://127.0.0.1:1")._http.headers


@pytest.mark.parametrize("token", ["of\nalice", "d\xe9j\xe0"])
def test_what_cannot_be_a_token_is_refused_and_not_said(token: str) -> None:
    with pytest.raises(netweave.InvalidToken) as refused:
        Client("http://127.0.0.1:1", token=token)

    assert token not in str(refused.value)


@both
def test_a_write_names_the_state_that_it_is_made_from(through: Through) -> None:
    _, updated = told(through, lambda c: c.update("project", UUID, {"display_name": "a"}, if_match='"x"'), Reply(body={"project": {}}))
    _, deleted = told(through, lambda c: c.delete("project", UUID, if_match='"x"'), Reply())

    assert [asked[0].headers["if-match"] for asked in (updated, deleted)] == ['"x"', '"x"']


@both
def test_another_state_is_raised_with_the_etag_that_the_object_has(through: Through) -> None:
    with pytest.raises(netweave.PreconditionFailed) as raised:
        told(through, lambda c: c.delete("project", UUID, if_match='"x"'), problem(412, "precondition-failed", etag='"y"'))

    assert raised.value.etag == '"y"'


@both
def test_a_create_with_a_key_may_be_sent_again_and_one_without_may_not(through: Through) -> None:
    made, asked = told(
        through,
        lambda c: c.create("project", {"fq_name": ["a", "b"]}, idempotency_key="k"),
        Reply(503, "later", "text/plain"),
        Reply(body={"project": {"uuid": UUID}}),
    )

    assert made == {"uuid": UUID}
    assert [each.headers["idempotency-key"] for each in asked] == ["k", "k"]
    with pytest.raises(netweave.Unavailable):
        told(through, lambda c: c.create("project", {"fq_name": ["a", "b"]}), Reply(503, "later", "text/plain"))


@both
def test_a_key_of_another_request_is_raised_as_such(through: Through) -> None:
    with pytest.raises(netweave.KeyReused):
        told(through, lambda c: c.ip_alloc(UUID, idempotency_key="k"), problem(422, "idempotency-key-reused"))


@both
def test_what_v2_answers_is_returned_as_it_is(through: Through) -> None:
    asks: list[tuple[Ask, str, dict[str, str]]] = [
        (
            lambda c: c.search("blue", kinds=["virtual_network"], limit=5),
            "/v2/search",
            {"q": "blue", "kinds": "virtual-network", "limit": "5"},
        ),
        (lambda c: c.utilization("network", project=UUID), "/v2/ipam/utilization", {"by": "network", "project": UUID}),
        (lambda c: c.address_map(UUID, start="10.0.0.1"), f"/v2/ipam/subnets/{UUID}/map", {"start": "10.0.0.1"}),
        (lambda c: c.schema("virtual_network"), "/v2/schema/virtual-network", {}),
        (lambda c: c.schema(), "/v2/schema", {}),
    ]
    for ask, path, query in asks:
        found, asked = told(through, ask, Reply(body={"some": "thing"}))

        assert (found, asked[0].method, asked[0].path, asked[0].query) == ({"some": "thing"}, "GET", path, query)
