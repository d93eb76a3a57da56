"""The yardstick of reads: one FastAPI route that answers bytes it has, on uvicorn as the server runs it."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI
from starlette.responses import Response


def application(size: int) -> FastAPI:
    """A route shaped as a read's, whose answer has that many bytes."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    answer = b'{"bare":"%s"}' % (b"x" * (size - len(b'{"bare":""}')))

    @app.get("/{kind}/{uuid}")
    async def read(kind: str, uuid: str) -> Response:
        return Response(answer, media_type="application/json", headers={"ETag": f'"{uuid}"'})

    return app


@asynccontextmanager
async def served(size: int) -> AsyncIterator[tuple[str, int]]:
    """Its address and its process id, for as long as the block runs."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
    command = [sys.executable, "-m", "tests.bench.bare", str(listening.fileno()), str(size)]
    process = await asyncio.create_subprocess_exec(*command, pass_fds=[listening.fileno()])
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", process.pid
    finally:
        process.terminate()
        await process.wait()
        listening.close()


if __name__ == "__main__":
    config = uvicorn.Config(
        application(int(sys.argv[2])), loop="uvloop", http="httptools", log_config=None, access_log=False, server_header=False
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(sys.argv[1]))])
