"""Conformance: grace, finalizers, preconditions, and what goes with a namespace or a definition."""

from typing import Any

from tests.kube.conversation import DEFINITIONS, Api, idle_pod, nads_of, names, pods_of, told
from tests.kube.double import nad

HOLD = "example.org/hold"


def held(api: Api, home: str, name: str = "a") -> str:
    """A NAD with a finalizer; its path."""
    api.define_nads()
    document = nad(name, home)
    document["metadata"]["finalizers"] = [HOLD]
    api.made(nads_of(home), document)
    return f"{nads_of(home)}/{name}"


def released(api: Api, path: str) -> None:
    assert api.patch(path, {"metadata": {"finalizers": None}}).status_code == 200


def test_delete_answers_what_went(api: Api, home: str) -> None:
    api.define_nads()
    made_pod, made_nad = api.made(pods_of(home), idle_pod("a")), api.made(nads_of(home), nad("a", home))

    pod = api.delete(f"{pods_of(home)}/a", {"gracePeriodSeconds": 0}).json()
    status = api.delete(f"{nads_of(home)}/a").json()

    assert pod["metadata"]["uid"] == made_pod["metadata"]["uid"]
    assert (status["kind"], status["status"]) == ("Status", "Success")
    assert status["details"]["uid"] == made_nad["metadata"]["uid"]
    assert api.delete(f"{nads_of(home)}/a").status_code == 404


def test_a_finalizer_keeps_the_object_until_it_is_taken_off(api: Api, home: str) -> None:
    path = held(api, home)
    version = api.get(path).json()["metadata"]["resourceVersion"]

    with api.watch(nads_of(home), resourceVersion=version) as events:
        marked = api.delete(path).json()
        assert marked["metadata"]["deletionTimestamp"]
        assert (next(events)["type"], api.get(path).status_code) == ("MODIFIED", 200)
        released(api, path)
        assert told(next(events)) == ("DELETED", "a")
    assert api.get(path).status_code == 404


def test_deleting_twice_keeps_the_first_timestamp(api: Api, home: str) -> None:
    path = held(api, home)

    first, second = (api.delete(path).json()["metadata"]["deletionTimestamp"] for _ in range(2))

    assert first == second
    released(api, path)


def test_no_finalizer_is_added_once_deletion_began(api: Api, home: str) -> None:
    path = held(api, home)
    api.delete(path)

    response = api.patch(path, {"metadata": {"finalizers": [HOLD, "example.org/late"]}})

    assert response.status_code == 422
    released(api, path)


def test_a_dead_name_can_be_taken_again_by_another_uid(api: Api, home: str) -> None:
    path = pods_of(home)
    first = api.made(path, idle_pod("web-0"))
    api.delete(f"{path}/web-0", {"gracePeriodSeconds": 0})
    second = api.made(path, idle_pod("web-0"))

    assert first["metadata"]["uid"] != second["metadata"]["uid"]


def test_preconditions_protect_the_successor(api: Api, home: str) -> None:
    path = f"{pods_of(home)}/a"
    made = api.made(pods_of(home), idle_pod("a"))["metadata"]
    wrong: list[dict[str, Any]] = [{"uid": "11111111-2222-3333-4444-555555555555"}, {"resourceVersion": "1"}]

    assert [api.delete(path, {"preconditions": each}).status_code for each in wrong] == [409, 409]
    assert api.delete(path, {"preconditions": {"uid": made["uid"], "resourceVersion": made["resourceVersion"]}}).status_code == 200


def test_delete_collection_takes_what_is_selected(api: Api, home: str) -> None:
    for name in ("a", "b"):
        api.made(pods_of(home), idle_pod(name))

    assert api.delete(pods_of(home), labelSelector="app=a").status_code == 200
    assert names(api.get(pods_of(home)).json()) == ["b"]


def test_a_namespace_goes_with_everything_inside(api: Api) -> None:
    space = api.made("/api/v1/namespaces", {"metadata": {"generateName": "double-"}})["metadata"]["name"]
    path = held(api, space)
    api.made(pods_of(space), idle_pod("p"))

    api.delete(f"/api/v1/namespaces/{space}")

    assert api.gone(f"{pods_of(space)}/p")
    assert api.get(f"/api/v1/namespaces/{space}").json()["status"]["phase"] == "Terminating"
    refused = api.create(pods_of(space), idle_pod("late"))
    assert (refused.status_code, refused.json()["details"]["causes"][0]["reason"]) == (403, "NamespaceTerminating")
    released(api, path)
    assert api.gone(f"/api/v1/namespaces/{space}")


def test_the_default_namespace_stays(api: Api) -> None:
    assert api.delete("/api/v1/namespaces/default").status_code == 403


def gadgets() -> dict[str, Any]:
    spec = {"type": "object", "required": ["size"], "properties": {"size": {"type": "integer", "minimum": 1}}}
    schema = {"type": "object", "properties": {"spec": spec, "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}, "subresources": {"status": {}}}
    names_ = {"plural": "gadgets", "kind": "Gadget"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "gadgets.double.example.org"},
        "spec": {"group": "double.example.org", "scope": "Namespaced", "names": names_, "versions": [version]},
    }


def test_a_custom_kind_is_served_from_its_definition_to_its_deletion(api: Api, home: str) -> None:
    definition, path = f"{DEFINITIONS}/gadgets.double.example.org", f"/apis/double.example.org/v1/namespaces/{home}/gadgets"
    assert api.get(path).status_code == 404
    api.made(DEFINITIONS, gadgets())
    while api.get(path).status_code == 404:
        pass
    gadget = {"apiVersion": "double.example.org/v1", "kind": "Gadget", "metadata": {"name": "a"}, "spec": {"size": 3, "extra": 1}}

    made = api.made(path, gadget)
    conditions = {each["type"]: each["status"] for each in api.get(definition).json()["status"]["conditions"]}
    reported = api.patch(f"{path}/a/status", {"metadata": {"labels": {"k": "v"}}, "status": {"ready": True}}).json()

    assert conditions["Established"] == "True"
    assert made["spec"] == {"size": 3}
    assert [
        api.create(path, gadget | {"metadata": {"name": "b"}, "spec": spec}).status_code for spec in ({}, {"size": "3"}, {"size": 0})
    ] == [422] * 3
    assert reported["status"] == {"ready": True}
    assert "labels" not in reported["metadata"]
    api.delete(definition)
    assert api.gone(definition)
    assert api.get(path).status_code == 404


def test_definitions_that_are_not_structural_or_of_the_old_version_are_refused(api: Api) -> None:
    shapeless, misnamed = gadgets(), gadgets()
    del shapeless["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["type"]
    misnamed["metadata"]["name"] = "other.double.example.org"

    assert [api.create(DEFINITIONS, each).status_code for each in (shapeless, misnamed)] == [422, 422]
    assert api.create(DEFINITIONS.replace("/v1/", "/v1beta1/"), gadgets()).status_code == 404
