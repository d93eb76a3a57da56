"""Conformance: pages that show one moment, and selectors."""

import pytest

from tests.kube.conversation import Api, idle_pod, nads_of, names, pods_of
from tests.kube.double import nad


def filled(api: Api, home: str, count: int) -> str:
    for number in range(count):
        api.made(pods_of(home), idle_pod(f"p{number}"))
    return pods_of(home)


def test_pages_show_the_moment_of_the_first_one(api: Api, home: str) -> None:
    pods = filled(api, home, 5)
    first = api.get(pods, limit=2).json()
    api.made(pods, idle_pod("p9"))
    api.delete(f"{pods}/p3", {"gracePeriodSeconds": 0})
    api.patch(f"{pods}/p4", {"metadata": {"labels": {"late": "yes"}}})

    second = api.get(pods, limit=2, **{"continue": first["metadata"]["continue"]}).json()
    third = api.get(pods, limit=2, **{"continue": second["metadata"]["continue"]}).json()

    assert names(first) + names(second) + names(third) == ["p0", "p1", "p2", "p3", "p4"]
    assert "late" not in third["items"][0]["metadata"]["labels"]
    assert {page["metadata"]["resourceVersion"] for page in (first, second, third)} == {first["metadata"]["resourceVersion"]}
    assert (first["metadata"]["remainingItemCount"], second["metadata"]["remainingItemCount"]) == (3, 1)
    assert "continue" not in third["metadata"]


def test_a_list_names_its_kind_and_version(api: Api, home: str) -> None:
    listed = api.get(pods_of(home)).json()

    assert (listed["kind"], listed["apiVersion"], listed["items"]) == ("PodList", "v1", [])
    assert listed["metadata"]["resourceVersion"]


def test_custom_list_items_name_their_kind(api: Api, home: str) -> None:
    api.define_nads()
    api.made(nads_of(home), nad("a", home))

    listed = api.get(nads_of(home)).json()

    assert listed["kind"] == "NetworkAttachmentDefinitionList"
    assert listed["items"][0]["kind"] == "NetworkAttachmentDefinition"


def test_an_exact_list_shows_the_past(api: Api, home: str) -> None:
    pods = filled(api, home, 2)
    version = api.version(pods)
    api.delete(f"{pods}/p0", {"gracePeriodSeconds": 0})

    assert names(api.get(pods, resourceVersion=version, resourceVersionMatch="Exact").json()) == ["p0", "p1"]
    assert names(api.get(pods, resourceVersion=version, resourceVersionMatch="NotOlderThan").json()) == ["p1"]


@pytest.mark.parametrize("query", [{"limit": "many"}, {"resourceVersion": "x y"}, {"watch": "1", "resourceVersion": "x y"}])
def test_numbers_that_are_none_are_bad_requests(api: Api, home: str, query: dict[str, str]) -> None:
    assert api.get(pods_of(home), **query).status_code == 400


def test_a_broken_continue_token_is_a_bad_request(api: Api, home: str) -> None:
    assert api.get(pods_of(home), limit=1, **{"continue": "!"}).status_code == 400


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("color=red", ["a"]),
        ("color==red,size=big", ["a"]),
        ("color!=red", ["b", "c"]),
        ("color in (red, blue)", ["a", "b"]),
        ("color notin (red)", ["b", "c"]),
        ("color", ["a", "b"]),
        ("!color", ["c"]),
        ("size in (big),color notin (red,green)", ["b"]),
    ],
)
def test_label_selectors(api: Api, home: str, selector: str, expected: list[str]) -> None:
    for name, labels in (("a", {"color": "red", "size": "big"}), ("b", {"color": "blue", "size": "big"}), ("c", {"size": "small"})):
        document = idle_pod(name)
        document["metadata"]["labels"] = labels
        api.made(pods_of(home), document)

    assert names(api.get(pods_of(home), labelSelector=selector).json()) == expected


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("metadata.name=a", ["a"]),
        ("metadata.name!=a", ["b"]),
        ("status.phase==Pending", ["b"]),
        ("status.phase!=Succeeded,status.phase!=Failed", ["b"]),
        ("spec.nodeName=", ["a", "b"]),
        ("spec.nodeName!=", []),
        ("spec.schedulerName=nobody,metadata.name=b", ["b"]),
    ],
)
def test_field_selectors(api: Api, home: str, selector: str, expected: list[str]) -> None:
    filled = [api.made(pods_of(home), idle_pod(name)) for name in ("a", "b")]
    api.patch(f"{pods_of(home)}/a/status", {"status": {"phase": "Succeeded"}})

    assert len(filled) == 2
    assert names(api.get(pods_of(home), fieldSelector=selector).json()) == expected


@pytest.mark.parametrize(
    "query",
    [{"labelSelector": "a b"}, {"fieldSelector": "spec.volumes=x"}, {"fieldSelector": "nonsense"}],
    ids=["label", "field not supported", "no operator"],
)
def test_selectors_that_cannot_be_understood_are_bad_requests(api: Api, home: str, query: dict[str, str]) -> None:
    assert api.get(pods_of(home), **query).status_code == 400


def test_custom_objects_are_selected_by_name_only(api: Api, home: str) -> None:
    api.define_nads()
    for name in ("a", "b"):
        api.made(nads_of(home), nad(name, home))

    assert names(api.get(nads_of(home), fieldSelector="metadata.name=b").json()) == ["b"]
    assert api.get(nads_of(home), fieldSelector="spec.config=x").status_code == 400
