"""One worker that serves, as its parent sees it."""

import asyncio
import signal
import socket
from collections.abc import Callable

from api_server.settings import Settings
from api_server.supervisor.recruits import Recruit

# How long a worker that is asked to stop is waited for: it ends by itself in 20 seconds.
PATIENCE = 25
# What it says when it takes requests; anything else that it says is why it cannot.
READY = b"ready\n"


class Worker:
    """A recruit that is told to serve."""

    def __init__(self, recruit: Recruit) -> None:
        self._channel, self._process = recruit.channel, recruit.process
        self.pid = self._process.pid
        # Why it cannot serve, when it told.
        self.refusal = ""

    async def serve(self, settings: Settings, listening: socket.socket, ready: Callable[[], None]) -> int:
        """Let it serve until it ends; its exit status. `ready` is called when it takes requests."""
        try:
            socket.send_fds(self._channel, [settings.model_dump_json().encode()], [listening.fileno()])
            reader, writer = await asyncio.open_connection(sock=self._channel)
            async for line in reader:
                if line == READY:
                    ready()
                else:
                    self.refusal += line.decode(errors="replace")
            writer.close()
        except ConnectionError:
            self._channel.close()  # it is dead
        return await asyncio.to_thread(self._process.wait)

    async def drain(self, ended: "asyncio.Future[int]") -> None:
        """Let it finish what it has begun; past its time it is killed."""
        self._process.send_signal(signal.SIGTERM)
        await asyncio.wait({ended}, timeout=PATIENCE)
        if not ended.done():
            self._process.kill()
        await ended
