"""Who is woken: the longest waiting pod for each freed address, and the pods of a definition that is not there yet (B21, B39)."""

import gc
import weakref

from kube_sync.model.objects import DEFINITION, POD, Key
from kube_sync.model.refusals import NetworkInUse, NetworkNotFound, SubnetExhausted
from kube_sync.reconcile.waiting import References, WaitingRoom


def pod(name: str) -> Key:
    return Key(POD, "default", name)


BLUE = Key(DEFINITION, "default", "blue")


def room(*names: str) -> WaitingRoom:
    waiting = WaitingRoom()
    for name in names:
        waiting.enter(pod(name), SubnetExhausted("10.1.1.0/29", "is full", networks=["net"]))
    return waiting


def test_every_freed_address_wakes_one_pod_in_order_of_arrival() -> None:
    assert room("a", "b", "c").woken_by(["net", "net"]) == [pod("a"), pod("b")]


def test_a_pod_that_is_refused_again_keeps_its_place() -> None:
    waiting = room("a", "b")
    waiting.enter(pod("a"), SubnetExhausted("10.1.1.0/29", "is still full", networks=["net"]))

    assert waiting.woken_by(["net"]) == [pod("a")]


def test_a_pod_that_was_woken_is_not_woken_again_before_it_looked() -> None:
    waiting = room("a", "b", "c")

    assert [waiting.woken_by(["net"]) for _ in range(4)] == [[pod("a")], [pod("b")], [pod("c")], []]


def test_who_was_woken_and_got_nothing_comes_before_those_who_were_not() -> None:
    waiting = room("a", "b", "c")
    waiting.woken_by(["net"])
    waiting.enter(pod("a"), SubnetExhausted("10.1.1.0/29", "is full again", networks=["net"]))

    assert waiting.woken_by(["net", "net"]) == [pod("a"), pod("b")]


def test_who_waits_for_another_network_now_is_not_woken_by_the_first() -> None:
    waiting = room("a")
    waiting.enter(pod("a"), SubnetExhausted("10.1.2.0/29", "is full", networks=["other"]))

    assert (waiting.woken_by(["net"]), waiting.woken_by(["other"])) == ([], [pod("a")])


def test_an_address_freed_during_a_look_is_known_at_its_end() -> None:
    waiting = room()
    mark = waiting.frees
    before = waiting.freed_since(mark, ["net"])
    waiting.woken_by(["net"])

    assert (before, waiting.freed_since(mark, ["net"]), waiting.freed_since(mark, ["other"])) == (False, True, False)


def test_addresses_of_other_networks_wake_nobody() -> None:
    assert room("a").woken_by(["other"]) == []


def test_a_definition_that_waits_for_its_network_to_empty_hears_of_every_address() -> None:
    waiting = room("a")
    waiting.enter(BLUE, NetworkInUse("blue", "is used", networks=["net"]))

    assert waiting.woken_by(["net"]) == [pod("a"), BLUE]


def test_who_leaves_is_not_woken_and_not_counted() -> None:
    waiting = room("a", "b")
    waiting.leave(pod("a"))

    assert waiting.woken_by(["net"]) == [pod("b")]
    assert waiting.reasons() == {"SubnetExhausted": 1}


def test_only_a_new_reason_is_news() -> None:
    waiting = WaitingRoom()
    told = [waiting.enter(pod("a"), NetworkNotFound("default/z", fault)) for fault in ("is missing", "is missing", "is going")]

    assert told == [True, False, True]


def test_references_follow_the_latest_selection() -> None:
    references = References()
    red = Key(DEFINITION, "default", "red")
    references.set(pod("a"), [BLUE, BLUE])
    references.set(pod("b"), [BLUE, red])
    references.set(pod("b"), [red])

    assert references.of(BLUE) == [pod("a")]
    assert references.of(red) == [pod("b")]
    references.set(pod("b"), [])
    assert references.of(red) == []


def test_who_waits_keeps_nothing_alive_that_it_was_refused_among() -> None:
    class Pass:
        """What many keys have in common while they are looked at."""

    kept: list[weakref.ref[Pass]] = []

    def look() -> None:
        knowledge = Pass()
        kept.append(weakref.ref(knowledge))
        raise SubnetExhausted("net", f"is full, says {knowledge!r}")

    waiting = WaitingRoom()
    try:
        look()
    except SubnetExhausted as why:
        waiting.enter(pod("a"), why)
    gc.collect()

    assert waiting.reasons() == {"SubnetExhausted": 1}
    assert [reference() for reference in kept] == [None]
