"""Conformance: what a watch tells, from where, in which order, and how it ends."""

from typing import Any

from tests.kube.conversation import MERGE, Api, idle_pod, names, pods_of, told


def marked(api: Api, path: str, **labels: str | None) -> None:
    assert api.patch(path, {"metadata": {"labels": labels}}).status_code == 200


def test_watch_tells_what_happened_after_its_version_and_nothing_before(api: Api, home: str) -> None:
    pods = pods_of(home)
    api.made(pods, idle_pod("before"))
    version = api.version(pods)
    api.made(pods, idle_pod("a"))
    marked(api, f"{pods}/a", k="v")
    api.delete(f"{pods}/a", {"gracePeriodSeconds": 0})

    with api.watch(pods, resourceVersion=version) as events:
        seen = [next(events) for _ in range(3)]

    assert [told(event) for event in seen] == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]


def test_watch_goes_on_while_writes_come_in(api: Api, home: str) -> None:
    pods = pods_of(home)

    with api.watch(pods, resourceVersion=api.version(pods)) as events:
        for number in range(3):
            api.made(pods, idle_pod(f"p{number}"))
            assert told(next(events)) == ("ADDED", f"p{number}")


def test_watch_resumes_from_any_version_it_told(api: Api, home: str) -> None:
    pods = pods_of(home)
    version = api.version(pods)
    for name in ("a", "b", "c"):
        api.made(pods, idle_pod(name))
    with api.watch(pods, resourceVersion=version) as events:
        first = next(events)

    with api.watch(pods, resourceVersion=first["object"]["metadata"]["resourceVersion"]) as events:
        assert [told(next(events)) for _ in range(2)] == [("ADDED", "b"), ("ADDED", "c")]


def test_watch_without_a_version_begins_with_what_is_there(api: Api, home: str) -> None:
    pods = pods_of(home)
    for name in ("a", "b"):
        api.made(pods, idle_pod(name))

    with api.watch(pods) as events:
        assert sorted(told(next(events)) for _ in range(2)) == [("ADDED", "a"), ("ADDED", "b")]
        api.made(pods, idle_pod("c"))
        assert told(next(events)) == ("ADDED", "c")


def test_deleted_carries_the_last_state_under_a_new_version(api: Api, home: str) -> None:
    pods = pods_of(home)
    made = api.made(pods, idle_pod("a"))

    with api.watch(pods, resourceVersion=made["metadata"]["resourceVersion"]) as events:
        api.delete(f"{pods}/a", {"gracePeriodSeconds": 0})
        event = next(events)

    assert told(event) == ("DELETED", "a")
    assert event["object"]["spec"] == made["spec"]
    assert event["object"]["metadata"]["uid"] == made["metadata"]["uid"]
    assert event["object"]["metadata"]["resourceVersion"] != made["metadata"]["resourceVersion"]


def test_events_name_their_kind_though_list_items_do_not(api: Api, home: str) -> None:
    pods = pods_of(home)
    api.made(pods, idle_pod("a"))

    with api.watch(pods) as events:
        event = next(events)

    assert (event["object"]["kind"], event["object"]["apiVersion"]) == ("Pod", "v1")
    assert "kind" not in api.get(pods).json()["items"][0]


def test_an_object_that_enters_or_leaves_the_label_selection_is_added_or_deleted(api: Api, home: str) -> None:
    pods = pods_of(home)
    version = api.version(pods)
    api.made(pods, idle_pod("a"))
    marked(api, f"{pods}/a", color="red")
    marked(api, f"{pods}/a", size="big")
    marked(api, f"{pods}/a", color="blue")
    marked(api, f"{pods}/a", color="red")

    with api.watch(pods, resourceVersion=version, labelSelector="color=red") as events:
        seen = [next(events) for _ in range(4)]

    assert [event["type"] for event in seen] == ["ADDED", "MODIFIED", "DELETED", "ADDED"]
    assert seen[2]["object"]["metadata"]["labels"]["color"] == "red"


def test_a_pod_that_ends_leaves_the_selection_of_live_pods(api: Api, home: str) -> None:
    pods = pods_of(home)
    version = api.made(pods, idle_pod("a"))["metadata"]["resourceVersion"]

    with api.watch(pods, resourceVersion=version, fieldSelector="status.phase!=Succeeded,status.phase!=Failed") as events:
        api.patch(f"{pods}/a/status", {"status": {"phase": "Succeeded"}})
        assert told(next(events)) == ("DELETED", "a")


def test_a_namespaced_watch_hears_its_namespace_only_and_a_wide_one_all(api: Api, home: str) -> None:
    elsewhere = api.made("/api/v1/namespaces", {"metadata": {"generateName": "double-"}})["metadata"]["name"]
    version = api.version("/api/v1/pods")
    lease = {"metadata": {"name": "a"}, "spec": {}}
    wide, leases = "/apis/coordination.k8s.io/v1/leases", "/apis/coordination.k8s.io/v1/namespaces/{}/leases"
    api.made(leases.format(elsewhere), lease)
    api.made(leases.format(home), lease)

    with api.watch(leases.format(home), resourceVersion=version) as events:
        assert next(events)["object"]["metadata"]["namespace"] == home
    with api.watch(wide, resourceVersion=version) as events:
        # A real cluster's own leases are renewed in between.
        ours = (space for event in events if (space := event["object"]["metadata"]["namespace"]) in (home, elsewhere))
        assert [next(ours), next(ours)] == [elsewhere, home]
    api.delete(f"/api/v1/namespaces/{elsewhere}")


def test_a_watch_by_name_hears_one_object(api: Api, home: str) -> None:
    pods = pods_of(home)
    version = api.version(pods)
    for name in ("a", "b"):
        api.made(pods, idle_pod(name))

    with api.watch(pods, resourceVersion=version, fieldSelector="metadata.name=b") as events:
        assert told(next(events)) == ("ADDED", "b")


def test_a_watch_ends_when_its_time_is_over(api: Api, home: str) -> None:
    with api.watch(pods_of(home), resourceVersion=api.version(pods_of(home)), timeoutSeconds=1) as events:
        assert list(events) == []


def test_a_streaming_list_ends_its_beginning_with_a_marked_bookmark(api: Api, home: str) -> None:
    pods = pods_of(home)
    for name in ("a", "b"):
        api.made(pods, idle_pod(name))
    query: dict[str, Any] = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}

    with api.watch(pods, **query) as events:
        added, mark = [told(next(events)) for _ in range(2)], next(events)

    assert sorted(added) == [("ADDED", "a"), ("ADDED", "b")]
    assert mark["type"] == "BOOKMARK"
    assert mark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_a_streaming_list_must_say_how_fresh_it_is_to_be(api: Api, home: str) -> None:
    query: dict[str, Any] = {"watch": "1", "sendInitialEvents": "true", "allowWatchBookmarks": "true"}

    assert api.get(pods_of(home), **query).status_code == 422


def test_watch_and_list_agree_on_the_end_state(api: Api, home: str) -> None:
    pods = pods_of(home)
    version = api.version(pods)
    for number in range(20):
        api.made(pods, idle_pod(f"p{number:02}"))
    for number in range(0, 20, 2):
        api.delete(f"{pods}/p{number:02}", {"gracePeriodSeconds": 0})

    known: set[str] = set()
    with api.watch(pods, resourceVersion=version) as events:
        for _ in range(30):
            kind, name = told(next(events))
            known = known - {name} if kind == "DELETED" else known | {name}

    assert sorted(known) == names(api.get(pods).json())
    assert api.patch(f"{pods}/p01", {"metadata": {"labels": {"k": "v"}}}, MERGE).status_code == 200
