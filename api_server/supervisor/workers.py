"""Worker processes: as many as asked for, another for each that dies, all drained in the end."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from api_server.settings import Settings
from api_server.supervisor.fault import WorkerDied, WorkerRefused
from api_server.supervisor.recruits import Recruit
from api_server.supervisor.signals import ending
from api_server.supervisor.worker import Worker

log = logging.getLogger(__name__)


class Workers:
    """Runs until a signal asks to stop, or a worker cannot start."""

    def __init__(
        self, settings: Settings, listening: Sequence[socket.socket], recruits: list[Recruit], announce: Callable[[], None]
    ) -> None:
        """`listening` has a socket for each worker. `announce` is called once, when the first of them takes requests."""
        self._settings = settings
        self._listening = listening
        self._recruits = recruits
        self._announce = announce
        self._stopping = asyncio.Event()
        self._ready = False
        self._failure: Exception | None = None

    async def run(self, keep: Callable[[], object] | None) -> None:
        """Serve; `keep` is called again and again, in a thread: it sees to the embedded database."""
        loop = asyncio.get_running_loop()
        for number in ending():
            loop.add_signal_handler(number, self._stopping.set)
        jobs = [self._one(listening) for listening in self._listening]
        await asyncio.gather(*(self._guarded(job) for job in (*jobs, self._keep(keep))))
        if self._failure is not None:
            raise self._failure

    async def _guarded(self, job: Awaitable[None]) -> None:
        """The first job that fails ends all the others in good order."""
        try:
            await job
        except Exception as why:  # noqa: BLE001 - raised again by `run`, when the others have ended
            self._failure = self._failure or why
            self._stopping.set()

    async def _one(self, listening: socket.socket) -> None:
        while not self._stopping.is_set():
            worker = Worker(self._recruits.pop() if self._recruits else Recruit())
            ended = asyncio.ensure_future(worker.serve(self._settings, listening, self._on_ready))
            await self._unless_stopping(ended)
            if self._stopping.is_set():
                await worker.drain(ended)
                return
            status = await ended
            if not self._ready:
                raise WorkerRefused(worker.refusal.strip()) if worker.refusal else WorkerDied(status)
            log.warning(
                "worker %d ended with status %d and another takes its place: %s",
                worker.pid,
                status,
                worker.refusal.strip() or "it did not say why",
            )
            await self._pause(0.5)

    def _on_ready(self) -> None:
        if not self._ready:
            self._ready = True
            self._announce()

    async def _keep(self, keep: Callable[[], object] | None) -> None:
        while keep is not None and not self._stopping.is_set():
            await asyncio.to_thread(keep)
            await self._pause(1.0)

    async def _pause(self, seconds: float) -> None:
        await self._unless_stopping(asyncio.ensure_future(asyncio.sleep(seconds)))

    async def _unless_stopping(self, awaited: "asyncio.Future[Any]") -> None:
        stopping = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait({awaited, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
