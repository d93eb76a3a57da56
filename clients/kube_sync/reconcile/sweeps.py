"""When leftovers are looked for: at the start, after every complete list, and every ten minutes (4.1)."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

import netweave
from kube_sync.clock import Clock, within
from kube_sync.cluster.api import KubeError
from kube_sync.reconcile.orphans import Orphans

PERIOD = 600.0
# What was missed is looked at again after this; and nobody causes more passes than that.
AGAIN = 61.0

log = structlog.get_logger()


class Sweeps:
    """Paces the passes; one that fails is made again a minute later."""

    def __init__(self, clock: Clock, orphans: Orphans, sweep: Callable[[], Awaitable[None]]) -> None:
        self._clock = clock
        self._orphans = orphans
        self._sweep = sweep
        self._listed = asyncio.Event()

    def listed(self) -> None:
        """A complete list came: what it does not have may have left something behind."""
        self._listed.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._listed.clear()
            failed = not await self._try()
            await self._clock.sleep(AGAIN)
            if not failed and not self._orphans.missed:
                with suppress(TimeoutError):
                    await within(self._clock, PERIOD - AGAIN, self._until_listed())

    async def _until_listed(self) -> None:
        await self._listed.wait()

    async def _try(self) -> bool:
        try:
            await self._sweep()
        except (netweave.VncError, KubeError) as why:
            log.warning("leftovers not looked for", why=str(why))
            return False
        return True
