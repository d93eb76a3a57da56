"""The worker: objects change, keys are queued, each is looked at and brought in step; nothing else decides (4.1)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import structlog

import netweave
from kube_sync.clock import Clock
from kube_sync.cluster.cache import Cache, Caches
from kube_sync.cluster.lease import ALWAYS, Turn
from kube_sync.cluster.source import Event, Source
from kube_sync.instruments import Instruments
from kube_sync.model.objects import DEFINITION, NAMESPACE, POD, Definition, Kept, Key, Namespace, Pod, namespace_key
from kube_sync.model.refusals import NetworkPending, Refusal
from kube_sync.reconcile.absences import Absences
from kube_sync.reconcile.adoption import Adoption
from kube_sync.reconcile.brake import Brake
from kube_sync.reconcile.changes import Changes
from kube_sync.reconcile.cluster_wide import ClusterWide
from kube_sync.reconcile.config import ConfigApi, Stream
from kube_sync.reconcile.default_networks import DefaultNetworks
from kube_sync.reconcile.definitions import Definitions
from kube_sync.reconcile.identity import check_cluster_name
from kube_sync.reconcile.leftovers import Leftovers
from kube_sync.reconcile.looks import Looks
from kube_sync.reconcile.namespaces import Namespaces
from kube_sync.reconcile.news import News
from kube_sync.reconcile.orphans import Orphans
from kube_sync.reconcile.outage import Outage
from kube_sync.reconcile.own import Own
from kube_sync.reconcile.passes import one_by_one
from kube_sync.reconcile.pods import Pods, is_due
from kube_sync.reconcile.projects import Projects
from kube_sync.reconcile.queue import WorkQueue
from kube_sync.reconcile.resolution import Resolution
from kube_sync.reconcile.routers import Routers
from kube_sync.reconcile.sweeps import Sweeps
from kube_sync.reconcile.waiting import WaitingRoom
from kube_sync.reconcile.wakes import Wakes
from kube_sync.settings import Settings

# Pods without further networks need not wait longer than this for a cluster that cannot list definitions (B01).
DEFINITIONS_GRACE = 5.0
GRACE = 10.0  # for what is being looked at when the worker ends
START_PAUSE = 2.0
TRIES = 7

log = structlog.get_logger()


class Worker:
    """One cluster, one configuration API. `patience` is how long an orphan is watched before it goes; `stream` tells what others do."""

    def __init__(
        self,
        api: ConfigApi,
        source: Source,
        settings: Settings,
        clock: Clock,
        turn: Turn = ALWAYS,
        *,
        patience: float,
        instruments: Instruments | None = None,
        stream: Stream | None = None,
    ) -> None:
        names, rules, instruments = settings.names, settings.rules, instruments or Instruments()
        self._source = source
        self._clock = clock
        self._turn = turn
        self._workers = settings.workers
        self._queue = WorkQueue(clock, instruments=instruments)
        self._waiting = WaitingRoom()
        self._pod_cache: Cache[Pod] = Cache(self._pod_changed, partial(self._listed, POD))
        self._definition_cache: Cache[Definition] = Cache(self._definition_changed, partial(self._listed, DEFINITION))
        self._namespace_cache: Cache[Namespace] = Cache(self._namespace_changed, partial(self._listed, NAMESPACE))
        adoption = Adoption(api, names, settings.adopt_networks, on=settings.adopt)
        projects, own = Projects(api, names, self._namespace_cache, adoption), Own()
        self._wakes = Wakes(self._queue, self._waiting, self._pod_cache, self._definition_cache, self._reconsider)
        self._news = News(api, stream, names, clock, own, self._wakes)
        self._namespaces = Namespaces(api, names, source, self._namespace_cache, projects, self._wakes.members_of)
        defaults = DefaultNetworks(names, self._namespace_cache, rules.pod_subnets, self._queue.add)
        self._cluster_wide = ClusterWide(api, names, projects, rules.pod_subnets, adoption)
        self._definitions = Definitions(
            api, names, source, self._definition_cache, projects, rules, own, self._wakes.freed, self._namespaces.holder_of, adoption
        )
        resolution = Resolution(
            api,
            names,
            source,
            self._definition_cache,
            rules,
            defaults,
            self._cluster_wide.ensure,
            self._waiting.why,
            invalid=settings.invalid_annotation,
        )
        self._pods = Pods(
            api,
            names,
            source,
            self._pod_cache,
            resolution,
            projects,
            Routers(api, clock),
            Changes(api, names, own),
            self._wakes.freed,
            settings,
            adoption,
        )
        self._brake = Brake(source, turn.place, on=not settings.allow_mass_delete)
        self._absences = Absences(source, self._brake, self._queue.add, self._is_known)
        self._orphans = orphans = Orphans(source, clock, self._brake, instruments, patience=patience)
        self._caches = Caches(self._pod_cache, self._definition_cache, self._namespace_cache)
        self._leftovers = Leftovers(api, names, self._caches, orphans, adoption, self._queue.add)
        self._check_name = partial(check_cluster_name, api, names, self._caches)
        self._sweeps = Sweeps(clock, orphans, self._leftovers.sweep)
        self._outage = Outage(partial(api.find, "project", names.default_project), self._queue, clock)
        lookers = {
            POD: self._pods.look,
            DEFINITION: one_by_one(self._definitions.reconcile),
            NAMESPACE: one_by_one(self._namespaces.reconcile),
        }
        lookers = {kind: self._absences.guarding(looker) for kind, looker in lookers.items()}
        self._looks = Looks(
            self._queue, self._waiting, self._outage, lookers, self._in_step, self._tell, lambda: self._news.hears, instruments, clock
        )

    async def run(self) -> None:
        """Keep in step until cancelled; a Refusal means that the cluster-wide network cannot be had."""
        async with self._working(self._patiently_ready), self._news.heard():
            await self._sweeps.run()

    async def converge(self) -> bool:
        """Bring everything in step once; False if an object waits, is refused, keeps failing or cannot be read."""
        async with self._working(self._ready_to_converge):
            return await self._queue.until_settled(TRIES) and not len(self._waiting) and self._source.is_whole()

    def figures(self) -> dict[str, float]:
        """Plain numbers, for metrics."""
        return {
            "attachment_drift": len(self._pods.drifted),
            "default_address_foreign": len(self._pods.statuses.foreign),
            "orphans_missed": self._orphans.missed,
            "orphans_held_back": self._brake.held,
            "leader": self._turn.is_ours,
        }

    def failing(self) -> list[Key]:
        """The objects that are to be tried again."""
        return self._queue.failing()

    def queued(self) -> dict[str, int]:
        """How many objects are due for a look, by kind."""
        return self._queue.depths()

    def waiting(self) -> dict[str, int]:
        """How many objects wait, by reason."""
        return self._waiting.reasons()

    async def _ready(self) -> None:
        await self._check_name()
        await self._cluster_wide.ensure()

    async def _ready_to_converge(self) -> None:
        """Leftovers are found before anybody looks, so that a plan and the run that follows it go the same way (B49)."""
        await self._ready()
        await self._leftovers.sweep()

    async def _patiently_ready(self) -> None:
        while True:
            try:
                await self._ready()
                return await self._news.begin()
            except netweave.VncError as why:
                log.warning("the configuration API is not ready", why=str(why))
                await self._clock.sleep(START_PAUSE)

    @asynccontextmanager
    async def _working(self, ready: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
        """
        Caches filling and, once it is this worker's turn and all is ready, workers looking. On leaving, looks that began are finished,
        unless that takes too long, or the turn is another's already.
        """
        whole = asyncio.current_task()
        assert whole is not None
        following = asyncio.create_task(self._source.follow(self._caches))
        # A source never ends by itself: if it does, it failed, and so did the worker.
        following.add_done_callback(lambda task: None if task.cancelled() else whole.cancel())
        looking: list[asyncio.Task[None]] = []
        try:
            await self._until_synced()
            await self._turn.begun()
            await ready()
            looking += [asyncio.create_task(self._looks.run()) for _ in range(self._workers)]
            yield
        finally:
            following.cancel()
            await self._at_most(0.0 if self._turn.is_over else GRACE, self._queue.stop())
            await self._outage.close()
            for task in looking:
                task.cancel()
            await asyncio.gather(following, *looking, return_exceptions=True)
            if not following.cancelled():
                following.result()

    async def _until_synced(self) -> None:
        await self._namespace_cache.until_synced()
        await self._pod_cache.until_synced()
        await self._at_most(DEFINITIONS_GRACE, self._definition_cache.until_synced())

    async def _at_most(self, seconds: float, wanted: Coroutine[Any, Any, None]) -> None:
        """Wait for what is wanted, and then no longer than that."""
        tasks = [asyncio.create_task(wanted), asyncio.create_task(self._clock.sleep(seconds))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()

    async def _tell(self, key: Key, why: Refusal) -> None:
        if key.kind == DEFINITION:
            self._wakes.made(key, NetworkPending)
        if (found := self._caches.of(key.kind).get(key)) is not None:
            await self._source.tell(Event(key, found.uid, why.reason, str(why)))

    def _is_known(self, key: Key) -> bool:
        return self._caches.of(key.kind).get(key) is not None

    def _listed(self, kind: str, gone: Mapping[Key, Kept], there: int) -> None:
        self._absences.listed(kind, gone, there)
        self._sweeps.listed()

    def _in_step(self, key: Key) -> None:
        if key.kind == DEFINITION:
            self._wakes.made(key)
        if key.kind != NAMESPACE and not self._is_known(key):
            # A namespace's network and project go when nothing is left in them.
            namespace = namespace_key(key.namespace)
            if namespace in self._waiting or self._queue.is_running(namespace):
                self._queue.add(namespace)

    def _reconsider(self, key: Key) -> None:
        self._pods.reconsider(key)

    def _pod_changed(self, key: Key, old: Pod | None, new: Pod | None) -> None:
        self._wakes.selects(key, new)
        if new is None:
            self._waiting.leave(key)
        if not is_due(old) and not is_due(new):
            return
        if old and new and replace(old, status=new.status) == new and self._pods.statuses.is_echo(new):
            return
        self._queue.add(key)

    def _definition_changed(self, key: Key, _old: Definition | None, new: Definition | None) -> None:
        if new is None:
            self._waiting.leave(key)
        self._queue.add(key)
        self._wakes.made(key)

    def _namespace_changed(self, key: Key, _old: Namespace | None, new: Namespace | None) -> None:
        """What waits in it may have another answer now; what is in step stays so, for running pods keep their networks (B50)."""
        if new is None:
            self._waiting.leave(key)
        self._queue.add(key)
        self._wakes.members_of(key)
