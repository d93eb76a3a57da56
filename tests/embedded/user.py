"""A process that uses the embedded server until its input ends, or only knocks at its door, as whatever account is asked for."""

import asyncio
import os
import sys
from pathlib import Path

import asyncpg

from api_server.embedded import EmbeddedServer


def become(uid: int) -> None:
    """Drop root for good. It happens here, after the imports: the interpreter itself may lie where the account cannot read."""
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)


def use(data_dir: Path) -> None:
    with EmbeddedServer.start(data_dir) as server:
        print(server.dsn, flush=True)
        sys.stdin.read()


async def knock(dsn: str) -> None:
    try:
        await asyncpg.connect(dsn)
    except asyncpg.PostgresError as why:
        print(why)


if __name__ == "__main__":
    job, argument, account = sys.argv[1:]
    if account != "-":
        become(int(account))
    if job == "use":
        use(Path(argument))
    else:
        asyncio.run(knock(argument))
