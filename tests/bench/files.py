"""The yardstick of long answers: a plain file, sent by the kernel to whoever asks. `python -m tests.bench.files FD FILE`."""

import asyncio
import socket
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path


@asynccontextmanager
async def sent(file: Path) -> AsyncIterator[tuple[str, int]]:
    """The address and the process id of what answers every request with this file."""
    listening = socket.create_server(("127.0.0.1", 0))
    command = [sys.executable, "-m", "tests.bench.files", str(listening.fileno()), str(file)]
    process = await asyncio.create_subprocess_exec(*command, pass_fds=[listening.fileno()])
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", process.pid
    finally:
        process.terminate()
        await process.wait()
        listening.close()


def _serve(connection: socket.socket, file: Path) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {file.stat().st_size}\r\n\r\n".encode()
    with connection, connection.makefile("rb") as requests, file.open("rb") as content:
        while line := requests.readline():
            if line == b"\r\n":
                connection.sendall(head)
                connection.sendfile(content, 0)


if __name__ == "__main__":
    listening = socket.socket(fileno=int(sys.argv[1]))
    while True:
        threading.Thread(target=_serve, args=(listening.accept()[0], Path(sys.argv[2])), daemon=True).start()
