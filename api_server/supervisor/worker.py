"""One worker process, as its parent sees it."""

import asyncio
import signal
import socket
import subprocess
import sys
from asyncio import StreamReader, StreamReaderProtocol
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from api_server.settings import Settings

# How long a worker may go on with the requests it has when it is asked to stop; a little later it is killed.
DRAIN = 20
# What it says when it takes requests; anything else that it says is why it cannot.
READY = b"ready\n"


class Worker:
    """
    Loads its program as soon as it is there, and serves when it is told the settings.

    It reads them from its input, which then stays open: it ends when we do, however we end. In a session of its own a Ctrl-C at our
    terminal does not reach it: we tell it.
    """

    def __init__(self, listening: socket.socket) -> None:
        opened = listening.fileno()
        self._process = subprocess.Popen(  # noqa: S603 - a program of ours
            [sys.executable, "-m", "api_server.main", str(opened), str(DRAIN)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(opened,),
            start_new_session=True,
        )
        self.pid = self._process.pid
        # Why it cannot serve, when it told.
        self.refusal = ""

    async def serve(self, settings: Settings, ready: Callable[[], None]) -> int:
        """Let it serve until it ends; its exit status. `ready` is called when it takes requests."""
        said, told = self._process.stdout, self._process.stdin
        assert said is not None
        assert told is not None
        reader, loop = StreamReader(), asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: StreamReaderProtocol(reader), said)
        with told, suppress(BrokenPipeError):  # it is dead already
            told.write(settings.model_dump_json().encode() + b"\n")
            told.flush()
            async for line in reader:
                if line == READY:
                    ready()
                else:
                    self.refusal += line.decode(errors="replace")
        return await asyncio.to_thread(self._process.wait)

    async def drain(self, ended: "asyncio.Future[int]") -> None:
        """Let it finish what it has begun; past its time it is killed."""
        self._process.send_signal(signal.SIGTERM)
        await asyncio.wait({ended}, timeout=DRAIN + 5)
        if not ended.done():
            self._process.kill()
        await ended

    def dismiss(self) -> None:
        """End one that was never told to serve."""
        self._process.kill()
        self._process.communicate()


@contextmanager
def recruited(number: int, listening: socket.socket) -> Iterator[list[Worker]]:
    """Workers that load their program while the database is made ready for them; whoever takes one out of the list answers for it."""
    recruits: list[Worker] = []
    try:
        while len(recruits) < number:
            recruits.append(Worker(listening))
        yield recruits
    finally:
        for worker in recruits:
            worker.dismiss()
