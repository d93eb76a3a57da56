"""Leader election by a Lease: of several workers one works, the others stand ready (4.3)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import structlog

from kube_sync.clock import Clock, within
from kube_sync.cluster.api import KubeError, RefusedError
from kube_sync.settings import LEASE, LEASE_DURATION

FORBIDDEN_PAUSE = 30.0
NEEDED = "the worker needs get, create and update of leases in coordination.k8s.io there, or --no-lease"

Spec = dict[str, Any]
log = structlog.get_logger()


class Place(NamedTuple):
    """Where a Lease is."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class Turn(Protocol):
    """Whether it is this worker's turn to write; it comes once and, once over, does not come back."""

    @property
    def place(self) -> Place:
        """Where the Lease is, or would be: what is told of the worker itself is told there."""
        ...

    async def begun(self) -> None:
        """Be ready, and return when it is."""
        ...

    @property
    def is_ours(self) -> bool:
        """Whether it is now, by this machine's clock."""
        ...

    @property
    def is_over(self) -> bool:
        """Whether it was, and is no more."""
        ...


class LeaseApi(Protocol):
    """The calls of the Kubernetes API that an election needs; what goes wrong is a KubeError."""

    async def get(self, path: str, **query: str) -> Any:
        """The decoded answer of a GET."""
        ...

    async def create(self, path: str, document: Any) -> Any:
        """POST, answering what was stored."""
        ...

    async def replace(self, path: str, document: Any) -> Any:
        """PUT, refused when `metadata.resourceVersion` is not the present one; answering what was stored."""
        ...


class Always:
    """The turn of a worker that asks nobody."""

    is_ours = True
    is_over = False
    place = Place("default", LEASE)

    async def begun(self) -> None:
        """At once."""


ALWAYS = Always()


@dataclass(frozen=True)
class Periods:
    """Seconds, in the proportion 15 : 10 : 2. Who could not renew for `deadline` stops well before others may think it dead."""

    duration: float = LEASE_DURATION

    @property
    def deadline(self) -> float:
        """How long the holder goes on without having renewed."""
        return self.duration * 2 / 3

    @property
    def retry(self) -> float:
        """How long between two tries."""
        return self.duration * 2 / 15


class LeaseLostError(KubeError):
    """The lease is no longer this worker's, or cannot be known to be."""

    def __init__(self, place: Place, why: object) -> None:
        super().__init__(f"the lease {place} {why}: stopped, another worker goes on")


class NotLeadingError(KubeError):
    """A write was to be made by a worker whose turn it is not (B38)."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}: not sent, the lease is not held, or was not renewed for too long")


class Lease:
    """
    One worker's candidacy. Other holders' clocks are never read: a lease is expired when this worker, by its own clock, saw it unchanged
    for as long as its holder asked to be respected.
    """

    def __init__(self, api: LeaseApi, clock: Clock, place: Place, identity: str, periods: Periods = Periods()) -> None:
        self._api = api
        self._clock = clock
        self.place = place
        self._identity = identity
        self._periods = periods
        self._stored: dict[str, Any] | None = None  # what we wrote last, while it is ours
        self._renewed = 0.0
        self._seen: tuple[Spec, float] = ({}, 0.0)  # what another holder wrote last, and when that was noticed
        self._wanted = asyncio.Event()
        self._begun = asyncio.Event()
        self._over = False

    @property
    def is_ours(self) -> bool:
        """False as soon as it was not renewed for the deadline, even if nobody could tell the worker: it may have been paused."""
        return self._begun.is_set() and not self._over and self._clock.now() - self._renewed < self._periods.deadline

    @property
    def is_over(self) -> bool:
        """Whether it was lost or given back."""
        return self._over

    async def begun(self) -> None:
        """Return when the lease is ours; who never asks does not stand for it."""
        self._wanted.set()
        await self._begun.wait()

    @asynccontextmanager
    async def campaign(self) -> AsyncIterator[None]:
        """Meanwhile take the lease and keep it. Its loss cancels what goes on inside, and is raised; leaving gives it back."""
        whole = asyncio.current_task()
        assert whole is not None
        inside = True

        def end(task: asyncio.Task[None]) -> None:
            if inside and not task.cancelled():
                whole.cancel()

        leading = asyncio.create_task(self._lead())
        leading.add_done_callback(end)
        try:
            yield
        finally:
            inside = False
            leading.cancel()
            await asyncio.gather(leading, return_exceptions=True)
            if not leading.cancelled():
                whole.uncancel()
                leading.result()
            await self._release()

    async def _lead(self) -> None:
        await self._wanted.wait()
        await self._take()
        try:
            while True:
                await self._clock.sleep(self._periods.retry)
                await self._renew()
        finally:
            self._over = True

    async def _take(self) -> None:
        """However long it takes; a Lease that may not be had is said, and asked for again slowly."""
        told = ""
        while not self._begun.is_set():
            pause, problem = self._periods.retry, ""
            try:
                if await within(self._clock, self._periods.deadline, self._try()):
                    log.info("leading", lease=str(self.place), identity=self._identity)
                    self._begun.set()
                    return
            except RefusedError as why:
                problem = f"{why}; {NEEDED}" if why.status == 403 else str(why)
                pause = FORBIDDEN_PAUSE if why.status == 403 else pause
            except (KubeError, TimeoutError) as why:
                problem = str(why)
            else:
                problem = f"held by {self._seen[0].get('holderIdentity')}"
            if problem != told:
                log.warning("not leading, this worker writes nothing", lease=str(self.place), why=problem)
                told = problem
            await self._clock.sleep(pause)

    async def _renew(self) -> None:
        """Before the deadline, or LeaseLostError."""
        end = self._renewed + self._periods.deadline
        problem: object = "was not renewed in time"
        while (left := end - self._clock.now()) > 0:
            try:
                if await within(self._clock, left, self._try()):
                    return
            except (KubeError, TimeoutError) as why:
                log.warning("the lease was not renewed, trying again", lease=str(self.place), why=str(why))
                problem = f"could not be renewed for {self._periods.deadline:.0f} s: {why}"
            else:
                raise LeaseLostError(self.place, f"was taken by {self._seen[0].get('holderIdentity')}")
            # Closer together towards the end: an answer just before it is worth some more questions.
            left = end - self._clock.now()
            await self._clock.sleep(min(self._periods.retry, max(left / 2, self._periods.retry / 4)))
        raise LeaseLostError(self.place, problem)

    async def _try(self) -> bool:
        """Write ourselves into it, if it is free or ours; whether that is so. A rival's write in between is a refusal, and no harm."""
        sent = self._clock.now()
        found = self._stored or await self._read()
        # Whatever comes of this: what we wrote last is certain again only after an answer.
        self._stored = None
        if found is None:
            stored = await self._api.create(self._collection, {"metadata": {"name": self.place.name}, "spec": self._spec({})})
        elif self._is_free(found.get("spec") or {}):
            stored = await self._api.replace(self._path, {**found, "spec": self._spec(found.get("spec") or {})})
        else:
            return False
        self._stored, self._renewed = stored, sent
        return True

    async def _read(self) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = await self._api.get(self._path)
        except RefusedError as why:
            if why.status == 404:
                return None
            raise
        if (spec := found.get("spec") or {}) != self._seen[0]:
            self._seen = (spec, self._clock.now())
        return found

    def _is_free(self, spec: Spec) -> bool:
        holder, respected = spec.get("holderIdentity"), float(spec.get("leaseDurationSeconds") or self._periods.duration)
        return not holder or holder == self._identity or self._clock.now() - self._seen[1] >= respected

    def _spec(self, before: Spec) -> Spec:
        """Ours from now on: another holder's end is a transition, our own renewal is none."""
        now, transitions = self._clock.date().strftime("%Y-%m-%dT%H:%M:%S.%fZ"), int(before.get("leaseTransitions") or 0)
        again = before.get("holderIdentity") == self._identity
        return {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": max(1, round(self._periods.duration)),
            "acquireTime": before.get("acquireTime") if again else now,
            "renewTime": now,
            "leaseTransitions": transitions if again or not before else transitions + 1,
        }

    async def _release(self) -> None:
        """So that another need not wait for it to expire; failing to costs only that wait."""
        if self._begun.is_set():
            try:
                await within(self._clock, self._periods.retry, self._give_back())
            except (KubeError, TimeoutError) as why:
                log.warning("the lease was not given back, it expires by itself", lease=str(self.place), why=str(why))

    async def _give_back(self) -> None:
        found = self._stored or await self._read()
        if found is not None and found["spec"].get("holderIdentity") == self._identity:
            spec = {name: value for name, value in found["spec"].items() if name != "holderIdentity"}
            await self._api.replace(self._path, {**found, "spec": {**spec, "leaseDurationSeconds": 1}})
            log.info("the lease is given back", lease=str(self.place))

    @property
    def _collection(self) -> str:
        return f"/apis/coordination.k8s.io/v1/namespaces/{self.place.namespace}/leases"

    @property
    def _path(self) -> str:
        return f"{self._collection}/{self.place.name}"
