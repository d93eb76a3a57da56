"""The same rows without the server: by a loop on asyncpg, and by pgbench."""

import asyncio
import itertools
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import asyncpg

from tests.bench.rows import Script

# Far enough apart that no two clients come to the same address of 10.0.0.0/8.
_APART = 400_000


async def loop(database: str, script: Script, clients: int, seconds: float) -> float:
    """Pairs a second of that many connections, each with its statements prepared."""
    writers = [await _Writer.open(database, script, client) for client in range(clients)]
    start = time.perf_counter()
    counts = await asyncio.gather(*(one.write_until(start + seconds) for one in writers))
    spent = time.perf_counter() - start
    for one in writers:
        await one.connection.close()
    return sum(counts) / spent


class _Writer:
    def __init__(self, connection: Any, transactions: Sequence[Sequence[tuple[Any, list[str]]]], numbers: Iterator[int]) -> None:
        self.connection = connection
        self._transactions = transactions
        self._numbers = numbers

    @classmethod
    async def open(cls, database: str, script: Script, client: int) -> "_Writer":
        connection = await asyncpg.connect(database)
        transactions = []
        for statements in script.transactions:
            prepared = []
            for sql in statements:
                numbered, names = _numbered(sql)
                prepared.append((await connection.prepare(numbered), [script.documents.get(name, "") for name in names]))
            transactions.append(prepared)
        return cls(connection, transactions, itertools.count(client * _APART))

    async def write_until(self, deadline: float) -> int:
        done = 0
        while time.perf_counter() < deadline:
            number = str(next(self._numbers))
            for statements in self._transactions:
                async with self.connection.transaction():
                    for statement, values in statements:
                        # The one parameter that is no document is the number.
                        await statement.fetchval(*(value or number for value in values))
            done += 1
        return done


def _numbered(sql: str) -> tuple[str, list[str]]:
    """The statement with `$1`, `$2` … for its names, and the names in that order."""
    names = list(dict.fromkeys(re.findall(r":(\w+)", sql)))
    return re.sub(r":(\w+)", lambda found: f"${names.index(found[1]) + 1}", sql), names


async def pgbench(program: Path, database: dict[str, str], script: Script, clients: int, seconds: float, directory: Path) -> float:
    """Pairs a second of pgbench, statements prepared."""
    file = directory / "pair.sql"
    blocks = ["BEGIN;\n" + "".join(f"{sql};\n" for sql in statements) + "END;\n" for statements in script.transactions]
    file.write_text(f"\\set number :number + 1\n\\set n :client_id * {_APART} + :number\n" + "".join(blocks))
    given = [f"-D{name}={value}" for name, value in {"number": "0", **script.documents}.items()]
    options = [f"-c{clients}", "-j1", f"-T{max(round(seconds), 1)}", "-n", "-M", "prepared", "-f", str(file)]
    process = await asyncio.create_subprocess_exec(
        str(program),
        *options,
        *given,
        "-h",
        database["host"],
        "-U",
        database["user"],
        database["name"],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complaint = (one.decode() for one in await process.communicate())
    rate = re.search(r"tps = ([\d.]+)", said)
    if process.returncode or rate is None or not re.search(r"failed transactions: 0 ", said):
        raise SystemExit(f"pgbench failed, so there is no figure: {said}{complaint}")
    return float(rate[1])
