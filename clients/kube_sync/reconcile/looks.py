"""Takes keys from the queue, has them looked at, and decides by what became of each when it is looked at again (4.3)."""

from collections.abc import Awaitable, Callable, Mapping

import structlog

import netweave
from kube_sync.clock import Clock
from kube_sync.cluster.api import KubeError, RefusedError
from kube_sync.instruments import Instruments
from kube_sync.model.objects import Key
from kube_sync.model.refusals import NetworkPending, Refusal, Wait
from kube_sync.reconcile.changes import HeldError, OvertakenError
from kube_sync.reconcile.outage import Outage
from kube_sync.reconcile.passes import Looker, on_behalf_of
from kube_sync.reconcile.queue import WorkQueue
from kube_sync.reconcile.waiting import WaitingRoom

# Reads cost a pod less the more are read together, up to here; it also bounds the memory of a pass.
MOST = 200
# What the Kubernetes API forbids is seldom allowed soon after (B47).
FORBIDDEN, FORBIDDEN_PAUSE = {401, 403}, 30.0

log = structlog.get_logger()


class TogetherError(Exception):
    """What befell a look at many keys, and says nothing of any one of them."""


class Looks:
    """`lookers` look at the keys of one kind; `on_step` hears a key that is in step, `tell` a
    refusal that its owner should know; `hears` whether somebody tells what others make in the configuration API."""

    def __init__(
        self,
        queue: WorkQueue,
        waiting: WaitingRoom,
        outage: Outage,
        lookers: Mapping[str, Looker],
        on_step: Callable[[Key], None],
        tell: Callable[[Key, Refusal], Awaitable[None]],
        hears: Callable[[], bool],
        instruments: Instruments,
        clock: Clock,
    ) -> None:
        self._queue = queue
        self._waiting = waiting
        self._outage = outage
        self._lookers = lookers
        self._on_step = on_step
        self._tell = tell
        self._hears = hears
        self._seconds = instruments.looks
        self._clock = clock

    async def run(self) -> None:
        """One worker's life: look at what comes, until cancelled."""
        while True:
            await self._look(await self._queue.take(MOST))

    async def _look(self, keys: list[Key]) -> None:
        began, unsettled = self._waiting.frees, dict.fromkeys(keys)
        started = self._clock.now()

        async def settle(key: Key, outcome: Exception | None) -> None:
            if key in unsettled:
                del unsettled[key]
                self._seconds.labels(key.kind, _result(outcome)).observe(self._clock.now() - started)
                with on_behalf_of(key):
                    try:
                        await self._settle(key, outcome, began)
                    finally:
                        self._queue.done(key)

        try:
            await self._lookers[keys[0].kind](keys, settle)
        except (netweave.VncError, KubeError) as why:
            for key in keys:
                await settle(key, why)
        except Exception as why:  # told key by key
            if len(keys) > 1:
                log.exception("a look at many failed: each is looked at alone")
                why = TogetherError(why)
            for key in keys:
                await settle(key, why)
        finally:
            for key in unsettled:
                self._queue.done(key)

    async def _settle(self, key: Key, outcome: Exception | None, began: int) -> None:
        match outcome:
            case None:
                self._waiting.leave(key)
                self._queue.forget(key)
                self._on_step(key)
            case Refusal():
                await self._refuse(key, outcome, began)
            case OvertakenError() | HeldError():
                log.debug("looked at again", why=str(outcome))
                self._queue.retry(key)
            case KubeError():
                log.warning("to be tried again", why=str(outcome))
                self._queue.retry(key, at_least=_pause(outcome))
            case netweave.VncError() if await self._outage.is_behind(outcome):
                self._queue.put_back(key)
            case netweave.VncError():
                log.warning("to be tried again", why=str(outcome))
                self._queue.retry(key, alone=True)
            case TogetherError():
                self._queue.retry(key, alone=True)
            case _:  # one object's surprise must not stop the others (B18)
                log.error("to be tried again", exc_info=outcome)
                self._queue.retry(key, alone=True)

    async def _refuse(self, key: Key, why: Refusal, began: int) -> None:
        self._queue.forget(key)
        if self._waiting.enter(key, why):
            tell = log.debug if isinstance(why, NetworkPending) else log.info
            tell("waits", reason=why.reason, why=str(why))
        if not isinstance(why, NetworkPending):
            await self._tell(key, why)
        if self._waiting.freed_since(began, why.networks):
            self._queue.add(key)
        elif why.wait is not Wait.CHANGE:
            heard = why.wait is Wait.TARGET and self._hears()
            self._queue.put_off(key, Wait.NETWORK.value if heard else why.wait.value)


def _result(outcome: Exception | None) -> str:
    return "in step" if outcome is None else "waits" if isinstance(outcome, Refusal) else "failed"


def _pause(why: KubeError) -> float:
    if not isinstance(why, RefusedError):
        return 0
    return max(why.retry_after or 0, FORBIDDEN_PAUSE if why.status in FORBIDDEN else 0)
