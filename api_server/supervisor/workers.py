"""Worker processes: as many as asked for, another for each that dies, all drained in the end."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import httpx
import structlog

from api_server.settings import Settings
from api_server.supervisor.fault import WorkerFailed
from api_server.supervisor.listening import address_of
from api_server.supervisor.signals import ending

log = structlog.get_logger()

# How long a worker may go on with the requests it has when it is asked to stop; a little later it is killed.
DRAIN = 20


class Workers:
    """Runs until a signal asks to stop, or a worker cannot start."""

    def __init__(self, settings: Settings, listening: socket.socket) -> None:
        self._settings = settings
        self._listening = listening
        self._stopping = asyncio.Event()
        self._ready = False
        self._failure: Exception | None = None

    async def run(self, announce: Callable[[], None], keep: Callable[[], object] | None) -> None:
        """Serve. `announce` is called once, when the server answers that it is ready; `keep` again and again, in a thread: it sees to
        the embedded database."""
        loop = asyncio.get_running_loop()
        for number in ending():
            loop.add_signal_handler(number, self._stopping.set)
        jobs = [self._one() for _ in range(self._settings.workers)]
        await asyncio.gather(*(self._guarded(job) for job in (*jobs, self._announce(announce), self._keep(keep))))
        if self._failure is not None:
            raise self._failure

    async def _guarded(self, job: Awaitable[None]) -> None:
        """The first job that fails ends all the others in good order."""
        try:
            await job
        except Exception as why:  # noqa: BLE001 - raised again by `run`, when the others have ended
            self._failure = self._failure or why
            self._stopping.set()

    async def _one(self) -> None:
        while not self._stopping.is_set():
            child = await self._spawn()
            ended = asyncio.ensure_future(child.wait())
            await self._unless_stopping(ended)
            if self._stopping.is_set():
                await _drain(child)
            elif not self._ready:
                raise WorkerFailed(await ended)
            else:
                log.warning("a worker died; another takes its place", pid=child.pid, status=await ended)
                await self._pause(0.5)

    async def _spawn(self) -> Process:
        """The worker reads its settings from its input, which then stays open: it ends when we do, however we end. In a session of its
        own a Ctrl-C at our terminal does not reach it: we tell it."""
        opened = self._listening.fileno()
        command = [sys.executable, "-m", "api_server.main", str(opened), str(DRAIN)]
        child = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE, pass_fds=(opened,), start_new_session=True)
        assert child.stdin is not None
        child.stdin.write(self._settings.model_dump_json().encode() + b"\n")
        return child

    async def _announce(self, announce: Callable[[], None]) -> None:
        async with httpx.AsyncClient(base_url=address_of(self._listening), timeout=1.0, trust_env=False) as client:
            while not self._stopping.is_set():
                with suppress(httpx.TransportError):
                    self._ready = (await client.get("/readyz")).status_code == httpx.codes.OK
                if self._ready:
                    announce()
                    return
                await self._pause(0.05)

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


async def _drain(child: Process) -> None:
    """Let it finish what it has begun; past its time it is killed."""
    _tell(child, signal.SIGTERM)
    try:
        await asyncio.wait_for(child.wait(), DRAIN + 5)
    except TimeoutError:
        _tell(child, signal.SIGKILL)
        await child.wait()


def _tell(child: Process, number: signal.Signals) -> None:
    # Not `child.terminate()`: that reaps a child that has just died, and asyncio then misses it.
    if child.returncode is None:
        os.kill(child.pid, number)
