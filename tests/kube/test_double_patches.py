"""Conformance: the patch formats, their preconditions, and field ownership under server-side apply."""

from typing import Any

import pytest

from tests.kube.conversation import APPLY, JSON, MERGE, STRATEGIC, Api, idle_pod, nads_of, pods_of
from tests.kube.double import nad


def test_merge_patch_sets_and_null_deletes(api: Api, home: str) -> None:
    api.made(pods_of(home), idle_pod("a", annotations={"old": "1", "kept": "2"}))

    changed = api.patch(f"{pods_of(home)}/a", {"metadata": {"annotations": {"old": None, "new": "3"}}}).json()

    assert changed["metadata"]["annotations"] == {"kept": "2", "new": "3"}


def test_json_patch_adds_replaces_and_removes(api: Api, home: str) -> None:
    api.made(pods_of(home), idle_pod("a", annotations={"x/old": "1", "y": "2"}))
    steps = [
        {"op": "test", "path": "/metadata/annotations/y", "value": "2"},
        {"op": "remove", "path": "/metadata/annotations/x~1old"},
        {"op": "replace", "path": "/metadata/annotations/y", "value": "3"},
        {"op": "add", "path": "/metadata/finalizers", "value": ["example.org/hold"]},
        {"op": "remove", "path": "/metadata/finalizers/0"},
    ]

    changed = api.patch(f"{pods_of(home)}/a", steps, JSON).json()

    assert changed["metadata"]["annotations"] == {"y": "3"}
    assert not changed["metadata"].get("finalizers")


@pytest.mark.parametrize(
    "steps",
    [
        [{"op": "add", "path": "/metadata/labels/k", "value": "v"}, {"op": "test", "path": "/metadata/resourceVersion", "value": "other"}],
        [{"op": "add", "path": "/metadata/labels/k", "value": "v"}, {"op": "remove", "path": "/metadata/annotations/absent"}],
    ],
    ids=["test fails", "nothing to remove"],
)
def test_json_patch_that_fails_changes_nothing(api: Api, home: str, steps: list[dict[str, Any]]) -> None:
    made = api.made(pods_of(home), idle_pod("a"))

    response = api.patch(f"{pods_of(home)}/a", steps, JSON)

    assert response.status_code == 422
    assert api.get(f"{pods_of(home)}/a").json() == made


def test_strategic_patch_merges_maps_and_keyed_lists(api: Api, home: str) -> None:
    api.made(pods_of(home), idle_pod("a", annotations={"k": "1"}))
    patch = {"metadata": {"annotations": {"n": "2"}}, "spec": {"containers": [{"name": "main", "image": "registry.example/pause:2"}]}}

    changed = api.patch(f"{pods_of(home)}/a", patch, STRATEGIC).json()

    assert changed["metadata"]["annotations"] == {"k": "1", "n": "2"}
    assert [(each["name"], each["image"]) for each in changed["spec"]["containers"]] == [("main", "registry.example/pause:2")]


def test_custom_objects_take_no_strategic_patch(api: Api, home: str) -> None:
    api.define_nads()
    api.made(nads_of(home), nad("a", home))

    assert api.patch(f"{nads_of(home)}/a", {"metadata": {"labels": {"k": "v"}}}, STRATEGIC).status_code == 415
    assert api.patch(f"{nads_of(home)}/a", {"metadata": {"labels": {"k": "v"}}}, MERGE).status_code == 200


@pytest.mark.parametrize("media_type", [MERGE, STRATEGIC])
def test_a_version_inside_a_patch_is_a_precondition(api: Api, home: str, media_type: str) -> None:
    made = api.made(pods_of(home), idle_pod("a"))
    path, mark = f"{pods_of(home)}/a", {"resourceVersion": made["metadata"]["resourceVersion"]}

    first = api.patch(path, {"metadata": mark | {"labels": {"k": "1"}}}, media_type)
    second = api.patch(path, {"metadata": mark | {"labels": {"k": "2"}}}, media_type)

    assert (first.status_code, second.status_code) == (200, 409)


def test_a_foreign_uid_inside_a_patch_is_refused(api: Api, home: str) -> None:
    made = api.made(pods_of(home), idle_pod("a"))
    status = f"{pods_of(home)}/a/status"

    own = api.patch(status, {"metadata": {"uid": made["metadata"]["uid"], "annotations": {"k": "v"}}})
    foreign = api.patch(status, {"metadata": {"uid": "11111111-2222-3333-4444-555555555555", "annotations": {"k": "w"}}})

    assert own.status_code == 200
    assert foreign.status_code in (409, 422)
    assert api.get(f"{pods_of(home)}/a").json()["metadata"]["annotations"] == {"k": "v"}


def test_patching_what_is_not_there_is_not_found(api: Api, home: str) -> None:
    assert api.patch(f"{pods_of(home)}/a", {"metadata": {"labels": {"k": "v"}}}).status_code == 404


def test_an_unknown_patch_format_is_refused(api: Api, home: str) -> None:
    api.made(pods_of(home), idle_pod("a"))

    assert api.patch(f"{pods_of(home)}/a", {}, "application/json").status_code == 415


def config(home: str, **annotations: str) -> dict[str, Any]:
    return nad("a", home, annotations=annotations)


def test_apply_creates_then_updates_and_removes_what_is_left_out(api: Api, home: str) -> None:
    api.define_nads()
    path = f"{nads_of(home)}/a"

    created = api.patch(path, config(home, one="1", two="2"), APPLY, fieldManager="owner")
    again = api.patch(path, config(home, one="1", two="2"), APPLY, fieldManager="owner")
    less = api.patch(path, config(home, one="9"), APPLY, fieldManager="owner")

    assert [response.status_code for response in (created, again, less)] == [201, 200, 200]
    assert again.json()["metadata"]["resourceVersion"] == created.json()["metadata"]["resourceVersion"]
    assert less.json()["metadata"]["annotations"] == {"one": "9"}


def test_apply_leaves_fields_of_others_alone(api: Api, home: str) -> None:
    api.define_nads()
    path = f"{nads_of(home)}/a"
    api.patch(path, config(home, mine="1"), APPLY, fieldManager="owner")
    api.patch(path, {"metadata": {"annotations": {"theirs": "2"}}}, MERGE, fieldManager="other")

    applied = api.patch(path, config(home, mine="3"), APPLY, fieldManager="owner")

    assert applied.json()["metadata"]["annotations"] == {"mine": "3", "theirs": "2"}


def test_apply_refuses_to_take_a_field_unless_forced(api: Api, home: str) -> None:
    api.define_nads()
    path = f"{nads_of(home)}/a"
    api.made(nads_of(home), config(home, k="1"))

    refused = api.patch(path, config(home, k="2"), APPLY, fieldManager="owner")
    forced = api.patch(path, config(home, k="2"), APPLY, fieldManager="owner", force="true")
    taken_back = api.patch(path, config(home, k="3"), APPLY, fieldManager="other")

    assert (refused.status_code, refused.json()["details"]["causes"][0]["reason"]) == (409, "FieldManagerConflict")
    assert forced.json()["metadata"]["annotations"] == {"k": "2"}
    assert taken_back.status_code == 409


def test_apply_needs_a_field_manager(api: Api, home: str) -> None:
    api.define_nads()

    assert api.patch(f"{nads_of(home)}/a", config(home), APPLY).status_code in (400, 422)
