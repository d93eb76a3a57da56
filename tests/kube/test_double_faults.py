"""The double's faults, its recorder and its cluster helpers: nothing a real server would do on request."""

import json
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest

from tests.kube.conversation import Api, idle_pod, nads_of, names, pods_of, told
from tests.kube.double import AlreadyExists, Faults, KubeDouble, nad, nad_definition, pod
from tests.kube.double.store import Entry

PODS = pods_of("default")


@pytest.mark.parametrize(("code", "reason"), [(429, "TooManyRequests"), (500, "InternalError"), (503, "ServiceUnavailable")])
def test_refused_requests_do_nothing_as_often_as_asked(kube: KubeDouble, client: Api, code: int, reason: str) -> None:
    fault = kube.faults.refuse(code, retry_after=7, verb="create", resource="pods", times=1)

    refused, accepted = (client.create(PODS, idle_pod("a")) for _ in range(2))

    assert (refused.status_code, refused.json()["reason"], refused.headers["Retry-After"]) == (code, reason, "7")
    assert (accepted.status_code, fault.hits) == (201, 1)


def test_forbid_strikes_a_subresource_and_leaves_the_rest(kube: KubeDouble, client: Api) -> None:
    kube.kubectl.create(pod("a"))
    forbidden = kube.faults.forbid(resource="pods", subresource="status")
    patch = {"metadata": {"annotations": {"k": "v"}}}

    assert client.patch(f"{PODS}/a/status", patch).status_code == 403
    assert client.patch(f"{PODS}/a", patch).status_code == 200
    forbidden.cancel()
    assert client.patch(f"{PODS}/a/status", patch).status_code == 200


def test_skip_lets_the_first_ones_through(kube: KubeDouble, client: Api) -> None:
    kube.faults.refuse(500, verb="list", skip=2, times=1)

    assert [client.get(PODS).status_code for _ in range(4)] == [200, 200, 500, 200]


def test_delay_answers_late(kube: KubeDouble, client: Api) -> None:
    kube.faults.delay(0.3, verb="list")
    started = time.monotonic()

    assert client.get(PODS).status_code == 200
    assert time.monotonic() - started >= 0.3


def test_a_reset_before_loses_the_request_and_a_reset_after_the_reply_only(kube: KubeDouble, client: Api) -> None:
    kube.faults.reset_before(verb="create", times=1)
    kube.faults.reset_after(verb="create", times=1)
    for name in ("lost", "kept"):
        with pytest.raises(httpx2.TransportError):
            client.create(PODS, idle_pod(name))

    assert names(client.get(PODS).json()) == ["kept"]
    assert [each.status for each in kube.recorder.matching(verb="create")] == [None, None]


def lines_of(client: Api, act: Callable[[], Any]) -> list[str]:
    """The raw lines by which a short watch on pods tells what was done."""
    version = client.version(PODS)
    act()
    with client.http.stream("GET", PODS, params={"watch": "1", "timeoutSeconds": "1", "resourceVersion": version}) as response:
        return list(response.iter_lines())


def test_a_truncated_line_breaks_one_event_and_not_the_stream(kube: KubeDouble, client: Api) -> None:
    kube.faults.truncate_line(times=1)

    first, second = lines_of(client, lambda: kube.kubectl.create([pod("a"), pod("b")]))

    with pytest.raises(json.JSONDecodeError):
        json.loads(first)
    assert told(json.loads(second)) == ("ADDED", "b")


def test_half_a_line_is_the_last_one(kube: KubeDouble, client: Api) -> None:
    kube.faults.half_line(times=1)

    lines = lines_of(client, lambda: kube.kubectl.create([pod("a"), pod("b")]))

    assert len(lines) == 1
    assert '"name":"b"' not in lines[0]
    with pytest.raises(json.JSONDecodeError):
        json.loads(lines[0])


def test_duplicate_events_are_equal(kube: KubeDouble, client: Api) -> None:
    kube.faults.duplicate(times=1)

    lines = lines_of(client, lambda: kube.kubectl.create([pod("a"), pod("b")]))

    assert [told(json.loads(line))[1] for line in lines] == ["a", "a", "b"]
    assert lines[0] == lines[1]


def test_close_after_ends_each_watch_after_so_many_events(kube: KubeDouble, client: Api) -> None:
    version = client.version(PODS)
    kube.faults.close_after(2, resource="pods")
    kube.kubectl.create([pod(f"p{number}") for number in range(5)])

    seen = []
    for _ in range(2):
        with client.watch(PODS, resourceVersion=version) as events:
            for event in events:
                seen.append(told(event)[1])
                version = event["object"]["metadata"]["resourceVersion"]
    assert seen == ["p0", "p1", "p2", "p3"]


def test_a_stalled_watch_is_silent_until_released(kube: KubeDouble, client: Api) -> None:
    stall = kube.faults.stall(resource="pods")
    client.http.timeout = httpx2.Timeout(0.3)
    with client.watch(PODS, resourceVersion=client.version(PODS)) as events:
        kube.kubectl.create(pod("a"))
        with pytest.raises(httpx2.ReadTimeout):
            next(events)

    client.http.timeout = httpx2.Timeout(10)
    with client.watch(PODS) as events:
        kube.wait_for(lambda: stall.hits == 2)
        stall.cancel()
        assert told(next(events)) == ("ADDED", "a")


def test_compaction_is_told_by_an_error_event_or_by_status(kube: KubeDouble, client: Api) -> None:
    version = client.version(PODS)
    kube.kubectl.create(pod("a"))
    kube.compact()
    with client.watch(PODS, resourceVersion=version) as events:
        (error,) = list(events)
    kube.compact(gone_by="status")
    status = client.get(PODS, watch="1", resourceVersion=version)

    assert (error["type"], error["object"]["code"], error["object"]["reason"]) == ("ERROR", 410, "Expired")
    assert (status.status_code, status.json()["reason"]) == (410, "Expired")
    assert lines_of(client, lambda: kube.kubectl.create(pod("b"))) != []


def test_the_history_is_as_long_as_asked(tmp_path: Path) -> None:
    with KubeDouble(log_size=3) as kube:
        client = Api(kube.kubeconfig(tmp_path / "kubeconfig"))
        version = client.version(PODS)
        made = kube.kubectl.create([pod(f"p{number}") for number in range(5)])

        with client.watch(PODS, resourceVersion=version) as events:
            assert next(events)["type"] == "ERROR"
        with client.watch(PODS, resourceVersion=made[1]["metadata"]["resourceVersion"]) as events:
            assert told(next(events)) == ("ADDED", "p2")
        client.http.close()


def test_expired_pages_offer_to_go_on_inconsistently(kube: KubeDouble, client: Api) -> None:
    kube.kubectl.create([pod(f"p{number}") for number in range(4)])
    first = client.get(PODS, limit=2).json()
    kube.expire_pages()
    kube.kubectl.delete("pods", "p2", grace=0)

    expired = client.get(PODS, limit=2, **{"continue": first["metadata"]["continue"]})
    rest = client.get(PODS, **{"continue": expired.json()["metadata"]["continue"]})

    assert (expired.status_code, expired.json()["reason"]) == (410, "Expired")
    assert names(rest.json()) == ["p3"]
    assert "continue" in client.get(PODS, limit=2).json()["metadata"]


def test_compaction_expires_pages_too(kube: KubeDouble, client: Api) -> None:
    kube.kubectl.create([pod(f"p{number}") for number in range(3)])
    token = client.get(PODS, limit=1).json()["metadata"]["continue"]
    kube.kubectl.create(pod("p9"))
    kube.compact()

    assert client.get(PODS, **{"continue": token}).status_code == 410


def test_open_watches_can_be_expired_dropped_and_reset(kube: KubeDouble, client: Api) -> None:
    with client.watch(PODS) as events:
        kube.wait_for(lambda: kube.open_watches == ["pods"])
        assert kube.expire_watches("pods") == 1
        assert [event["object"]["code"] for event in events] == [410]
    with client.watch(PODS) as events:
        assert kube.wait_for(lambda: kube.drop_watches("pods")) == 1
        assert list(events) == []
    with client.watch(PODS) as events:
        assert kube.wait_for(lambda: kube.drop_watches(abort=True)) == 1
        with pytest.raises(httpx2.TransportError):
            next(events)


def test_a_watch_is_over_when_its_client_leaves(kube: KubeDouble, client: Api) -> None:
    with client.watch(PODS):
        kube.wait_for(lambda: kube.open_watches == ["pods"])

    assert kube.wait_for(lambda: not kube.open_watches)


def test_bookmarks_come_when_asked_for_and_only_then(kube: KubeDouble, client: Api) -> None:
    version = client.version(PODS)
    with (
        client.watch(PODS, resourceVersion=version, timeoutSeconds=1) as unmarked,
        client.watch(PODS, allowWatchBookmarks="true") as marked,
    ):
        kube.wait_for(lambda: len(kube.open_watches) == 2)
        kube.kubectl.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "elsewhere"}})
        kube.emit_bookmarks()

        bookmark = next(marked)
        assert list(unmarked) == []
    metadata = {"resourceVersion": kube.resource_version}
    assert bookmark == {"type": "BOOKMARK", "object": {"kind": "Pod", "apiVersion": "v1", "metadata": metadata}}
    assert kube.resource_version != version


def test_bookmarks_come_by_themselves_as_often_as_said(kube: KubeDouble, client: Api) -> None:
    kube.bookmark_every(0.05)

    with client.watch(PODS, allowWatchBookmarks="true") as events:
        assert [next(events)["type"] for _ in range(3)] == ["BOOKMARK"] * 3


def test_a_restart_keeps_state_version_and_history(kube: KubeDouble, client: Api) -> None:
    version = client.version(PODS)
    kube.kubectl.create(pod("a"))
    url = kube.url

    with kube.outage(), pytest.raises(httpx2.TransportError):
        client.get(PODS)

    assert kube.url == url
    with client.watch(PODS, resourceVersion=version) as events:
        assert told(next(events)) == ("ADDED", "a")
    kube.restart(forget=True)
    with client.watch(PODS, resourceVersion=version) as events:
        assert next(events)["type"] == "ERROR"


def test_an_outage_by_reset_counts_the_tries(kube: KubeDouble, client: Api) -> None:
    client.get(PODS)
    kube.recorder.clear()
    with kube.outage("reset"):
        for _ in range(3):
            with pytest.raises(httpx2.TransportError):
                client.get(PODS)

        assert (kube.recorder.connections, kube.recorder.requests) == (3, [])
    assert client.get(PODS).status_code == 200


def test_a_restored_backup_takes_state_and_version_back(kube: KubeDouble, client: Api) -> None:
    kube.kubectl.create(pod("a"))
    backup, then = kube.snapshot(), client.version(PODS)
    kube.kubectl.create([pod("b"), nad_definition()])
    later = client.version(PODS)

    kube.restore(backup)

    assert names(client.get(PODS).json()) == ["a"]
    assert client.get(nads_of("default")).status_code == 404
    assert client.version(PODS) == then
    refused = client.get(PODS, resourceVersion=later)
    assert (refused.status_code, refused.json()["details"]["causes"][0]["reason"]) == (504, "ResourceVersionTooLarge")
    with client.watch(PODS, resourceVersion=later, timeoutSeconds=1) as events:
        kube.kubectl.delete("pods", "a", grace=0)
        assert list(events) == []


def test_credentials_are_asked_for_until_the_rotated_token_is_read(kube: KubeDouble, tmp_path: Path) -> None:
    client = Api(kube.kubeconfig(tmp_path / "rotating.yaml", token_file=True))
    assert client.get(PODS).status_code == 200

    kube.revoke_token()
    assert client.get(PODS).status_code == 401
    kube.rotate_token()
    assert client.get(PODS).status_code == 200
    assert httpx2.get(f"{kube.url}{PODS}", trust_env=False).status_code == 401
    client.http.close()


def test_the_recorder_tells_reads_from_writes(kube: KubeDouble, client: Api) -> None:
    client.create(PODS, idle_pod("a"))
    client.create(PODS, idle_pod("b"), dryRun="All")
    client.patch(f"{PODS}/a/status", {"metadata": {"annotations": {"k": "v"}}})
    client.get(PODS, limit=5)

    assert [(each.verb, each.name or each.body["metadata"]["name"]) for each in kube.recorder.writes()] == [("create", "a"), ("patch", "a")]
    assert kube.recorder.tally() == {"create pods": 2, "patch pods/status": 1, "list pods": 1}
    assert kube.recorder.matching(verb="list")[0].query == {"limit": "5"}
    assert kube.recorder.count(status=201) == 2


def test_a_deleted_pod_waits_for_its_kubelet(kube: KubeDouble, client: Api) -> None:
    kube.kubelet.terminate_after = None
    kube.kubectl.create(pod("a"))

    answered = client.delete(f"{PODS}/a").json()

    assert answered["metadata"]["deletionGracePeriodSeconds"] == 30
    assert "deletionTimestamp" in client.get(f"{PODS}/a").json()["metadata"]
    kube.kubelet.finish("a")
    assert client.get(f"{PODS}/a").status_code == 404


def test_a_kubelet_left_alone_lets_deleted_pods_go(kube: KubeDouble, client: Api) -> None:
    kube.kubectl.create(pod("a"))
    client.delete(f"{PODS}/a")

    assert client.gone(f"{PODS}/a")


def test_ended_and_unscheduled_pods_go_at_once(kube: KubeDouble, client: Api) -> None:
    kube.kubelet.terminate_after = None
    kube.kubectl.create([pod("ended"), pod("waiting", node="")])
    kube.kubelet.set_phase("Succeeded", "ended")
    for name in ("ended", "waiting"):
        client.delete(f"{PODS}/{name}")

    assert names(client.get(PODS).json()) == []


def test_the_cluster_runs_and_replaces_pods(kube: KubeDouble, client: Api) -> None:
    kube.kubectl.create(pod("web-0", node="", networks="a,b"))
    running = kube.kubelet.run("web-0")
    version = client.version(PODS)
    replaced = kube.kubelet.replace("web-0")

    with client.watch(PODS, resourceVersion=version) as events:
        assert [told(next(events)) for _ in range(2)] == [("DELETED", "web-0"), ("ADDED", "web-0")]
    assert (running["spec"]["nodeName"], running["status"]["phase"]) == ("node-1", "Running")
    assert running["status"]["podIP"]
    assert replaced["metadata"]["uid"] != running["metadata"]["uid"]
    assert replaced["metadata"]["annotations"] == running["metadata"]["annotations"]


def test_kubectl_applies_manifests_from_text_files_and_folders(kube: KubeDouble, client: Api, tmp_path: Path) -> None:
    kube.kubectl.apply(nad_definition())
    folder = tmp_path / "manifests"
    folder.mkdir()
    (folder / "pod.yaml").write_text(json.dumps(pod("a")))
    (folder / "nads.yml").write_text("---\n".join(json.dumps(nad(name)) + "\n" for name in ("n1", "n2")))
    kube.kubectl.apply(folder)
    version = client.version(PODS)
    kube.kubectl.apply(folder)

    assert (names(client.get(PODS).json()), names(client.get(nads_of("default")).json())) == (["a"], ["n1", "n2"])
    assert client.version(PODS) == version
    kube.kubectl.apply(nad("n1", cidr="10.1.1.0/24"))
    kube.kubectl.apply(nad("n1"))
    assert "annotations" not in client.get(f"{nads_of('default')}/n1").json()["metadata"]
    assert kube.kubectl.list("gadgets") == []
    with pytest.raises(AlreadyExists):
        kube.kubectl.create(pod("a"))


def test_clear_ends_every_fault(kube: KubeDouble, client: Api) -> None:
    faults: Faults = kube.faults
    faults.refuse(500)
    assert client.get(PODS).status_code == 500

    faults.clear()

    assert client.get(PODS).status_code == 200


def test_an_unexpected_fault_of_the_double_fails_whoever_uses_it(tmp_path: Path) -> None:
    kube = KubeDouble().start()
    client = Api(kube.kubeconfig(tmp_path / "kubeconfig"))
    kube._store.entries(("", "pods"))[("default", "a")] = cast(Entry, object())
    with client.http, pytest.raises(httpx2.TransportError):
        client.get(f"{PODS}/a")

    with pytest.raises(ExceptionGroup, match="the double itself failed"):
        kube.stop()


def test_bytes_that_are_no_http_get_a_400(kube: KubeDouble) -> None:
    with socket.create_connection(("127.0.0.1", httpx2.URL(kube.url).port or 0), timeout=5) as raw:
        raw.sendall(b"nonsense\r\n\r\n")

        assert raw.recv(100).startswith(b"HTTP/1.1 400 ")


def test_thousands_of_pods_and_their_events_arrive_complete(kube: KubeDouble, client: Api) -> None:
    version = client.version(PODS)
    kube.kubectl.create([pod(f"p{number:04}") for number in range(5000)])

    seen = 0
    with client.watch(PODS, resourceVersion=version) as events:
        for _ in range(5000):
            seen += told(next(events))[0] == "ADDED"
    listed: list[str] = []
    token = ""
    while page := client.get(PODS, limit=500, **({"continue": token} if token else {})).json():
        listed += names(page)
        token = page["metadata"].get("continue", "")
        if not token:
            break

    assert seen == 5000
    assert listed == [f"p{number:04}" for number in range(5000)]
