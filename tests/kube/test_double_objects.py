"""Conformance: what a server sets on objects, what it refuses, and when a write counts."""

import re
from typing import Any

import pytest

from tests.kube.conversation import Api, idle_pod, nads_of, pods_of
from tests.kube.double import nad

LEASE = {"metadata": {"name": "worker"}, "spec": {"holderIdentity": "a", "renewTime": "2026-11-24T07:00:00.123456Z"}}


def leases_of(namespace: str) -> str:
    return f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"


def test_create_sets_identity_and_pending_phase(api: Api, home: str) -> None:
    made = api.made(pods_of(home), idle_pod("a"))

    metadata = made["metadata"]
    assert re.fullmatch(r"[0-9a-f-]{36}", metadata["uid"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", metadata["creationTimestamp"])
    assert metadata["resourceVersion"]
    assert made["status"]["phase"] == "Pending"
    assert api.get(f"{pods_of(home)}/a").json() == made


def test_create_ignores_a_status_that_the_client_sends(api: Api, home: str) -> None:
    made = api.made(pods_of(home), idle_pod("a") | {"status": {"phase": "Running"}})

    assert made["status"]["phase"] == "Pending"


def test_generate_name_gives_each_object_a_name_of_its_own(api: Api, home: str) -> None:
    document = idle_pod("x")
    document["metadata"] = {"generateName": "web-"}
    first, second = (api.made(pods_of(home), document)["metadata"]["name"] for _ in range(2))

    assert first != second
    assert re.fullmatch(r"web-[a-z0-9]{5}", first)


@pytest.mark.parametrize("name", ["multiNetworkPod", "-a", "a_b", "a.", "x" * 254])
def test_create_refuses_names_that_are_no_dns_names(api: Api, home: str, name: str) -> None:
    response = api.create(pods_of(home), idle_pod(name))

    assert response.status_code == 422
    assert response.json()["reason"] == "Invalid"
    assert response.json()["details"]["causes"][0]["field"] == "metadata.name"


def test_create_refuses_a_namespace_that_does_not_exist(api: Api) -> None:
    response = api.create(pods_of("nowhere-at-all"), idle_pod("a"))

    assert response.status_code == 404
    assert response.json()["details"]["kind"] == "namespaces"


def test_create_refuses_a_second_object_of_the_name(api: Api, home: str) -> None:
    api.made(pods_of(home), idle_pod("a"))

    response = api.create(pods_of(home), idle_pod("a"))

    assert (response.status_code, response.json()["reason"]) == (409, "AlreadyExists")


def test_create_refuses_a_pod_without_containers(api: Api, home: str) -> None:
    response = api.create(pods_of(home), {"metadata": {"name": "a"}, "spec": {}})

    assert response.status_code == 422
    assert "spec.containers" in response.text


@pytest.mark.parametrize(
    ("document", "status"),
    [
        ({"kind": "Node", "metadata": {"name": "a"}}, 400),
        ({"apiVersion": "v2", "metadata": {"name": "a"}}, 400),
        ({"metadata": {"name": "a", "namespace": "elsewhere"}}, 400),
        ({"metadata": {"name": "a", "annotations": {"k": 1}}}, 400),
        ({"spec": ["containers"]}, 400),
        ({"metadata": {"name": "a", "labels": {"k": "no blanks"}}}, 422),
        ({"metadata": {"name": "a", "annotations": {"a/b/c": "v"}}}, 422),
        ({"metadata": {"name": "a", "annotations": {"k": "x" * 300_000}}}, 422),
    ],
    ids=[
        "other kind",
        "other version",
        "other namespace",
        "annotation not text",
        "spec not an object",
        "label value",
        "annotation key",
        "annotations too long",
    ],
)
def test_create_refuses_documents_that_do_not_fit(api: Api, home: str, document: dict[str, Any], status: int) -> None:
    assert api.create(pods_of(home), idle_pod("a") | document).status_code == status


def test_missing_objects_and_paths_are_not_found(api: Api, home: str) -> None:
    missing = api.get(f"{pods_of(home)}/a")

    assert (missing.status_code, missing.json()["reason"], missing.json()["details"]["name"]) == (404, "NotFound", "a")
    assert api.get(f"/api/v1/namespaces/{home}/gadgets").status_code == 404
    assert api.get(f"/api/v1/namespaces/{home}/pods/a/nonsense").status_code == 404


def test_every_write_gives_the_object_a_new_version(api: Api, home: str) -> None:
    path = f"{pods_of(home)}/a"
    seen = {api.made(pods_of(home), idle_pod("a"))["metadata"]["resourceVersion"]}
    for number in range(3):
        seen.add(api.patch(path, {"metadata": {"annotations": {"n": str(number)}}}).json()["metadata"]["resourceVersion"])

    assert len(seen) == 4


def test_a_write_that_changes_nothing_keeps_the_version(api: Api, home: str) -> None:
    made = api.made(pods_of(home), idle_pod("a", annotations={"k": "v"}))

    same = api.patch(f"{pods_of(home)}/a", {"metadata": {"annotations": {"k": "v"}}}).json()

    assert same["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


def test_put_with_a_stale_version_is_a_conflict(api: Api, home: str) -> None:
    made = api.made(pods_of(home), idle_pod("a"))
    path = f"{pods_of(home)}/a"
    api.patch(path, {"metadata": {"annotations": {"k": "v"}}})

    response = api.put(path, made)

    assert (response.status_code, response.json()["reason"]) == (409, "Conflict")


def test_put_without_a_version_overwrites_a_pod_but_not_a_custom_object(api: Api, home: str) -> None:
    api.define_nads()
    made_pod = api.made(pods_of(home), idle_pod("a"))
    made_nad = api.made(nads_of(home), nad("a", home))
    for made in (made_pod, made_nad):
        del made["metadata"]["resourceVersion"]
        made["metadata"]["labels"] = {"k": "v"}

    assert api.put(f"{pods_of(home)}/a", made_pod).json()["metadata"]["labels"] == {"k": "v"}
    assert api.put(f"{nads_of(home)}/a", made_nad).status_code == 422


def test_put_refuses_another_uid_and_another_name(api: Api, home: str) -> None:
    made = api.made(pods_of(home), idle_pod("a"))
    stranger = made | {"metadata": made["metadata"] | {"uid": "11111111-2222-3333-4444-555555555555"}}

    assert api.put(f"{pods_of(home)}/a", stranger).status_code == 409
    assert api.put(f"{pods_of(home)}/b", made).status_code == 400


def test_put_to_a_missing_object_creates_a_lease_but_not_a_pod(api: Api, home: str) -> None:
    assert api.put(f"{leases_of(home)}/worker", LEASE).status_code == 201
    assert api.put(f"{pods_of(home)}/a", idle_pod("a")).status_code == 404


def test_lease_times_come_back_as_they_were_sent(api: Api, home: str) -> None:
    api.made(leases_of(home), LEASE)

    assert api.get(f"{leases_of(home)}/worker").json()["spec"]["renewTime"] == "2026-11-24T07:00:00.123456Z"


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [("renewTime", "2026-11-24T07:00:00Z", 400), ("leaseDurationSeconds", 0, 422), ("leaseTransitions", -1, 422)],
)
def test_a_lease_has_times_of_six_digits_and_numbers_that_can_be(api: Api, home: str, field: str, value: object, status: int) -> None:
    assert api.create(leases_of(home), {"metadata": {"name": "worker"}, "spec": {field: value}}).status_code == status


def test_of_two_lease_holders_only_the_first_put_wins(api: Api, home: str) -> None:
    made = api.made(leases_of(home), LEASE)
    bids = [made | {"spec": {"holderIdentity": holder}} for holder in ("b", "c")]

    assert [api.put(f"{leases_of(home)}/worker", bid).status_code for bid in bids] == [200, 409]


def test_generation_counts_changes_of_the_spec_only(api: Api, home: str) -> None:
    api.define_nads()
    api.made(nads_of(home), nad("a", home))
    path = f"{nads_of(home)}/a"

    labelled = api.patch(path, {"metadata": {"labels": {"k": "v"}}}).json()
    changed = api.patch(path, {"spec": {"config": "{}"}}).json()

    assert (labelled["metadata"]["generation"], changed["metadata"]["generation"]) == (1, 2)


def test_status_path_writes_status_and_annotations_but_no_spec(api: Api, home: str) -> None:
    api.made(pods_of(home), idle_pod("a"))
    patch = {"metadata": {"annotations": {"k": "v"}}, "spec": {"activeDeadlineSeconds": 5}, "status": {"message": "hello"}}

    changed = api.patch(f"{pods_of(home)}/a/status", patch).json()

    assert changed["metadata"]["annotations"] == {"k": "v"}
    assert changed["status"]["message"] == "hello"
    assert "activeDeadlineSeconds" not in changed["spec"]


def test_main_path_writes_no_status(api: Api, home: str) -> None:
    api.made(pods_of(home), idle_pod("a"))

    changed = api.patch(f"{pods_of(home)}/a", {"metadata": {"labels": {"k": "v"}}, "status": {"phase": "Failed"}}).json()

    assert changed["metadata"]["labels"]["k"] == "v"
    assert changed["status"]["phase"] == "Pending"


def test_the_spec_of_a_pod_is_fixed(api: Api, home: str) -> None:
    api.made(pods_of(home), idle_pod("a"))

    assert api.patch(f"{pods_of(home)}/a", {"spec": {"hostNetwork": True}}).status_code == 422


def test_dry_run_answers_as_if_and_stores_nothing(api: Api, home: str) -> None:
    made = api.made(pods_of(home), idle_pod("a"))
    path = f"{pods_of(home)}/a"

    assert api.create(pods_of(home), idle_pod("b"), dryRun="All").status_code == 201
    assert api.patch(path, {"metadata": {"labels": {"k": "v"}}}, dryRun="All").json()["metadata"]["labels"]["k"] == "v"
    assert api.delete(path, dryRun="All").status_code == 200
    assert api.create(pods_of(home), idle_pod("A"), dryRun="All").status_code == 422
    assert api.create(pods_of(home), idle_pod("c"), dryRun="Some").status_code == 422
    assert api.get(pods_of(home)).json()["items"][0]["metadata"] == made["metadata"]
    assert api.get(f"{pods_of(home)}/b").status_code == 404


def test_events_live_where_the_object_they_are_about_lives(api: Api, home: str) -> None:
    event = {"metadata": {"generateName": "a."}, "reason": "NetworkNotFound", "message": "m", "type": "Warning"}
    about = {"kind": "Pod", "name": "a", "namespace": home}

    assert api.create(f"/api/v1/namespaces/{home}/events", event | {"involvedObject": about}).status_code == 201
    assert api.create("/api/v1/namespaces/default/events", event | {"involvedObject": about}).status_code == 422
    found = api.get(f"/api/v1/namespaces/{home}/events", fieldSelector="involvedObject.name=a,reason=NetworkNotFound").json()
    assert len(found["items"]) == 1


def test_discovery_names_what_is_served(api: Api) -> None:
    api.define_nads()

    core = {each["name"] for each in api.get("/api/v1").json()["resources"]}
    ours = api.get("/apis/k8s.cni.cncf.io/v1").json()["resources"][0]
    assert {"namespaces", "pods", "pods/status", "events"} <= core
    assert (ours["name"], ours["kind"], ours["namespaced"]) == ("network-attachment-definitions", "NetworkAttachmentDefinition", True)
    assert "coordination.k8s.io" in [group["name"] for group in api.get("/apis").json()["groups"]]
    assert api.get("/version").json()["major"] == "1"
