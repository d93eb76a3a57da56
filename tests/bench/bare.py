"""The yardsticks over HTTP: bare FastAPI routes on uvicorn as the server runs it, which answer bytes, do one INSERT or do one SELECT."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson
import uvicorn
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from tests.bench.connection import Connection
from tests.bench.orders import Step, get

POOL = 16
TABLE = "CREATE TABLE bare (uuid uuid PRIMARY KEY, properties jsonb NOT NULL, created timestamptz NOT NULL DEFAULT now())"
INSERT = "INSERT INTO bare (uuid, properties) VALUES ($1, $2) RETURNING created"
SELECT = "SELECT properties::text FROM bare WHERE uuid = $1"


def returns(size: int) -> Step:
    """Answers bytes that it has, so many."""
    return get(f"/bytes/{size}")


def inserts(body: str) -> Step:
    """Stores the body as one row."""
    return Step("POST", "/rows", body)


def selects(uuid: str) -> Step:
    """Answers the body of one row."""
    return get(f"/rows/{uuid}")


async def row(database: str, size: int) -> str:
    """The table of both, and a row in it whose text has about so many bytes; its uuid."""
    session = await asyncpg.connect(database)
    await session.execute(TABLE)
    uuid = str(uuid4())
    await session.execute(INSERT, UUID(uuid), orjson.dumps({"bare": "x" * max(size - len('{"bare": ""}'), 0)}).decode())
    await session.close()
    return uuid


def application(database: str) -> FastAPI:
    """Routes shaped as the server's."""
    answers: dict[str, bytes] = {}
    pools: list[Any] = []

    @asynccontextmanager
    async def connected(_: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(database, min_size=POOL, max_size=POOL, reset=_nothing) as pool:
            pools.append(pool)
            yield

    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, lifespan=connected)

    @app.get("/bytes/{size}")
    async def read(size: str) -> Response:
        answer = answers.get(size)
        if answer is None:
            answer = answers[size] = b'{"bare":"%s"}' % (b"x" * (int(size) - len(b'{"bare":""}')))
        return Response(answer, media_type="application/json", headers={"ETag": f'"{size}"'})

    @app.post("/rows")
    async def insert(request: Request) -> Response:
        body = (await request.body()).decode()
        uuid = uuid4()
        await pools[0].fetchval(INSERT, uuid, body)
        return Response(b'{"uuid":"%s"}' % str(uuid).encode(), media_type="application/json")

    @app.get("/rows/{uuid}")
    async def select(uuid: str) -> Response:
        return Response(await pools[0].fetchval(SELECT, UUID(uuid)), media_type="application/json", headers={"ETag": f'"{uuid}"'})

    return app


async def _nothing(_: Any) -> None:
    """No reset query at a release."""


@asynccontextmanager
async def served(database: str) -> AsyncIterator[tuple[str, int]]:
    """Its address and its process id, for as long as the block runs."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
    command = [sys.executable, "-m", "tests.bench.bare", str(listening.fileno()), database]
    process = await asyncio.create_subprocess_exec(*command, pass_fds=[listening.fileno()])
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    connection = await Connection.open(url)
    try:
        await connection.ask("GET", returns(100).path)
        await connection.close()
        yield url, process.pid
    finally:
        process.terminate()
        await process.wait()
        listening.close()


if __name__ == "__main__":
    config = uvicorn.Config(
        application(sys.argv[2]), loop="uvloop", http="httptools", log_config=None, access_log=False, server_header=False
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(sys.argv[1]))])
