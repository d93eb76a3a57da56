"""Of several workers one works: taking, keeping, losing and giving back a Lease, by a clock that the test moves (4.3, B38)."""

import asyncio
from collections.abc import AsyncIterator
from copy import deepcopy
from typing import Any

import pytest

from kube_sync.cluster.api import RefusedError, UnreachedError
from kube_sync.cluster.lease import Lease, LeaseLostError, Place
from tests.unit.kube_sync.fakes import FakeClock, settle

Document = dict[str, Any]
PLACE = Place("kube-system", "netweave-kube-sync")
COLLECTION = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"


class Leases:
    """The leases of an API server; `down` and `refusing` make it answer nothing, or no."""

    def __init__(self) -> None:
        self.stored: Document | None = None
        self.version = 0
        self.writes = 0
        self.down = False
        self.hung = False
        self.lose_next_reply = False
        self.refusing: int | None = None

    async def get(self, path: str, **query: str) -> Any:
        assert (path, query) == (f"{COLLECTION}/{PLACE.name}", {})
        await self._answer()
        if self.stored is None:
            raise RefusedError("not found", status=404, reason="NotFound")
        return deepcopy(self.stored)

    async def create(self, path: str, document: Any) -> Any:
        assert path == COLLECTION
        await self._answer()
        if self.stored is not None:
            raise RefusedError("exists", status=409, reason="AlreadyExists")
        return await self._store(document)

    async def replace(self, path: str, document: Any) -> Any:
        assert path == f"{COLLECTION}/{PLACE.name}"
        await self._answer()
        if self.stored is None or document["metadata"]["resourceVersion"] != self.stored["metadata"]["resourceVersion"]:
            raise RefusedError("the object has been modified", status=409, reason="Conflict")
        return await self._store(document)

    async def _answer(self) -> None:
        if self.hung:
            await asyncio.get_running_loop().create_future()
        if self.down:
            raise UnreachedError("the Kubernetes API does not answer", "down")
        if self.refusing:
            raise RefusedError("leases is forbidden", status=self.refusing)

    async def _store(self, document: Any) -> Any:
        self.version += 1
        self.writes += 1
        self.stored = deepcopy(document)
        self.stored["metadata"] = {**document["metadata"], "resourceVersion": str(self.version)}
        if self.lose_next_reply:
            self.lose_next_reply = False
            raise UnreachedError("the Kubernetes API does not answer", "cut off")
        return deepcopy(self.stored)

    @property
    def spec(self) -> Document:
        assert self.stored is not None
        spec: Document = self.stored["spec"]
        return spec


class Candidate:
    """A worker that does nothing but be the leader."""

    def __init__(self, leases: Leases, clock: FakeClock, name: str) -> None:
        self.lease = Lease(leases, clock, PLACE, name)
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        async with self.lease.campaign():
            await self.lease.begun()
            await asyncio.get_running_loop().create_future()

    async def end(self) -> None:
        """As SIGTERM does."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


class Election:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.leases = Leases()
        self.candidates: list[Candidate] = []

    async def candidate(self, name: str, clock: FakeClock | None = None) -> Candidate:
        self.candidates.append(Candidate(self.leases, clock or self.clock, name))
        await settle()
        return self.candidates[-1]

    async def seconds_until_leading(self, candidate: Candidate) -> float:
        began = self.clock.now()
        while not candidate.lease.is_ours:
            assert self.clock.now() - began < 100
            await self.clock.advance(0.1)
        return self.clock.now() - began


@pytest.fixture
async def election() -> AsyncIterator[Election]:
    election = Election()
    yield election
    for candidate in election.candidates:
        candidate.task.cancel()
    await asyncio.gather(*(candidate.task for candidate in election.candidates), return_exceptions=True)


async def test_the_first_candidate_makes_the_lease_and_leads(election: Election) -> None:
    first = await election.candidate("a")

    assert first.lease.is_ours
    assert election.leases.spec["holderIdentity"] == "a"
    assert election.leases.spec["leaseDurationSeconds"] == 15
    assert election.leases.spec["leaseTransitions"] == 0


async def test_the_holder_renews_every_two_seconds_with_one_write_and_keeps_what_it_said(election: Election) -> None:
    first = await election.candidate("a")
    before = dict(election.leases.spec)
    await election.clock.advance(60)

    assert first.lease.is_ours
    assert election.leases.writes == 1 + 30
    assert election.leases.spec == before | {"renewTime": election.leases.spec["renewTime"]}
    assert election.leases.spec["renewTime"] != before["renewTime"]


async def test_a_second_candidate_waits_as_long_as_the_first_renews(election: Election) -> None:
    first, second = await election.candidate("a"), await election.candidate("b")
    await election.clock.advance(600)

    assert first.lease.is_ours
    assert not second.lease.is_ours
    assert election.leases.spec["leaseTransitions"] == 0


async def test_b38_a_holder_that_was_killed_is_followed_within_twenty_seconds_and_that_is_counted(election: Election) -> None:
    killed, second = await election.candidate("a"), await election.candidate("b")
    await election.clock.advance(61)
    killed.lease._release = killed.lease._renew = settle  # type: ignore[method-assign]  # as kill -9: nothing is said any more
    await killed.end()

    assert 13 < await election.seconds_until_leading(second) <= 20
    assert election.leases.spec["leaseTransitions"] == 1


async def test_b38_expiry_is_judged_by_what_was_seen_and_not_by_the_date_in_the_lease(election: Election) -> None:
    behind = FakeClock()
    behind._now = 5.0  # its wall clock is far behind as well
    first = await election.candidate("a", behind)
    second = await election.candidate("b")
    for _ in range(30):
        await behind.advance(2)
        await election.clock.advance(2)

    assert election.leases.spec["renewTime"].startswith("1970-01-01T00:01:0")
    assert first.lease.is_ours
    assert not second.lease.is_ours


async def test_b38_a_lease_given_back_is_taken_at_once(election: Election) -> None:
    first, second = await election.candidate("a"), await election.candidate("b")
    await election.clock.advance(7)
    await first.end()

    assert first.lease.is_over
    assert "holderIdentity" not in election.leases.spec
    assert await election.seconds_until_leading(second) <= 2.1
    assert election.leases.spec["leaseTransitions"] == 1


async def test_a_worker_that_never_led_gives_nothing_back(election: Election) -> None:
    await election.candidate("a")
    second = await election.candidate("b")
    await second.end()

    assert election.leases.spec["holderIdentity"] == "a"


async def test_a_holder_that_cannot_renew_stops_before_others_may_follow(election: Election) -> None:
    first = await election.candidate("a")
    election.leases.down = True
    await election.clock.advance(9.5)
    assert first.lease.is_ours
    await election.clock.advance(1)

    assert not first.lease.is_ours
    with pytest.raises(LeaseLostError, match=r"kube-system/netweave-kube-sync could not be renewed for 10 s.*down"):
        await first.task


async def test_an_outage_shorter_than_the_deadline_costs_nothing(election: Election) -> None:
    first = await election.candidate("a")
    election.leases.down = True
    await election.clock.advance(8)
    election.leases.down = False
    await election.clock.advance(30)

    assert first.lease.is_ours


async def test_an_api_server_that_never_answers_ends_it_within_the_deadline(election: Election) -> None:
    first = await election.candidate("a")
    election.leases.hung = True
    await election.clock.advance(12.1)

    with pytest.raises(LeaseLostError, match="no answer within"):
        await first.task


async def test_b38_a_holder_that_was_paused_knows_by_its_clock_that_it_must_not_write(election: Election) -> None:
    first = await election.candidate("a")
    election.clock.pause(60)

    assert not first.lease.is_ours
    await election.clock.advance(2)
    with pytest.raises(LeaseLostError):
        await first.task


async def test_b38_a_holder_whose_lease_was_taken_meanwhile_stops_and_leaves_it_alone(election: Election) -> None:
    first = await election.candidate("a")
    assert election.leases.stored is not None
    await election.leases.replace(
        f"{COLLECTION}/{PLACE.name}", {**election.leases.stored, "spec": {**election.leases.spec, "holderIdentity": "b"}}
    )
    await election.clock.advance(5)

    with pytest.raises(LeaseLostError, match="was taken by b"):
        await first.task
    assert election.leases.spec["holderIdentity"] == "b"


async def test_a_lost_reply_is_no_lost_lease(election: Election) -> None:
    first = await election.candidate("a")
    election.leases.lose_next_reply = True
    await election.clock.advance(30)

    assert first.lease.is_ours
    assert election.leases.spec["leaseTransitions"] == 0


async def test_two_candidates_at_once_are_settled_by_the_version(election: Election) -> None:
    first, second = Candidate(election.leases, election.clock, "a"), Candidate(election.leases, election.clock, "b")
    election.candidates += [first, second]
    await election.clock.advance(30)

    assert first.lease.is_ours is not second.lease.is_ours


async def test_b38_a_lease_that_may_not_be_had_is_said_and_asked_for_slowly(election: Election, capsys: pytest.CaptureFixture[str]) -> None:
    election.leases.refusing = 403
    first = await election.candidate("a")
    await election.clock.advance(300)
    asked = election.clock.slept.count(30.0)
    election.leases.refusing = None
    await election.clock.advance(30)

    said = capsys.readouterr().out
    assert said.count("leases is forbidden") == 1
    assert "get, create and update of leases in coordination.k8s.io" in said
    assert asked <= 11
    assert first.lease.is_ours


async def test_the_loss_ends_what_goes_on_inside_at_once(election: Election) -> None:
    ended = []

    async def work() -> None:
        lease = Lease(election.leases, election.clock, PLACE, "a")
        async with lease.campaign():
            try:
                await lease.begun()
                await asyncio.get_running_loop().create_future()
            finally:
                ended.append((election.clock.now(), lease.is_over))

    task = asyncio.create_task(work())
    await settle()
    began = election.clock.now()
    election.leases.down = True
    await election.clock.advance(10.1)

    assert ended == [(began + 10, True)]
    with pytest.raises(LeaseLostError):
        await task
