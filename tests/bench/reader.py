"""
Watchers for the benchmark, a process of its own: `python -m tests.bench.reader` reads what to watch as JSON, says when its streams are
open, and leaves the id of each event and the moment it was there in a file.
"""

import asyncio
import os
import re
import sys
import tempfile
import time
from asyncio.subprocess import Process
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import orjson
import uvloop

# An id and a moment in nanoseconds.
Seen = tuple[int, int]

_EVENT = re.compile(rb"(?:^|\n)id: (\d+)\nevent: ")


@dataclass(frozen=True, slots=True)
class Watch:
    """So many streams of these kinds after a position, read until an event has `last` in it."""

    url: str
    kinds: tuple[str, ...]
    after: int
    last: str
    streams: int = 1
    output: str = ""


class Watchers:
    """The process that watches."""

    def __init__(self, process: Process, output: Path) -> None:
        self._process = process
        self._output = output

    @classmethod
    async def start(cls, watch: Watch) -> "Watchers":
        """Once all streams are open."""
        # A pipe was seen to lose the end of what a process wrote just before its own.
        descriptor, output = tempfile.mkstemp(prefix="netweave-bench-")
        os.close(descriptor)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bench.reader", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(orjson.dumps(asdict(replace(watch, output=output))) + b"\n")
        assert await process.stdout.readline() == b"open\n", "the streams could not be opened"
        return cls(process, Path(output))

    async def events(self) -> list[list[Seen]]:
        """Those of each stream, when the last has come."""
        await self._process.wait()
        answer = orjson.loads(self._output.read_bytes())
        self._output.unlink()
        return [[(position, moment) for position, moment in each] for each in answer]

    async def stop(self) -> None:
        """Without waiting for the last."""
        self._process.kill()
        await self._process.wait()
        self._output.unlink()


async def run(watch: Watch) -> list[list[Seen]]:
    opened = [await _open(watch) for _ in range(watch.streams)]
    sys.stdout.write("open\n")
    sys.stdout.flush()
    return await asyncio.gather(*(_read(stream, watch.last.encode()) for stream, _ in opened))


async def _open(watch: Watch) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    place = urlsplit(watch.url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port, limit=2**22)
    path = f"/watch?resource_type={','.join(watch.kinds)}"
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\nLast-Event-ID: {watch.after}\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    assert b" 200 " in head[:20], head
    return reader, writer


async def _read(stream: asyncio.StreamReader, last: bytes) -> list[Seen]:
    seen: list[Seen] = []
    rest = b""
    while got := await stream.read(2**20):
        now = time.time_ns()
        whole, _, rest = (rest + got).rpartition(b"\n\n")
        seen += [(int(found[1]), now) for found in _EVENT.finditer(whole)]
        if last in whole:
            break
    return seen


if __name__ == "__main__":
    given = orjson.loads(sys.stdin.buffer.readline())
    Path(given["output"]).write_bytes(orjson.dumps(uvloop.run(run(Watch(**given | {"kinds": tuple(given["kinds"])})))))
