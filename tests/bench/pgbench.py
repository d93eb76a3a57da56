"""pgbench, which comes with PostgreSQL: what the database does with no Python before it."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.bench.orders import LoadFailed


@dataclass(frozen=True, slots=True)
class Pgbench:
    """The program, and where it may put its scripts."""

    program: Path
    directory: Path

    async def rate(self, database: str, script: str, clients: int, seconds: float, given: Mapping[str, str]) -> tuple[float, int]:
        """Transactions a second, and how many there were; statements prepared. It counts whole seconds."""
        file = self.directory / "script.sql"
        file.write_text(script)
        options = [f"-c{clients}", "-j1", f"-T{max(round(seconds), 1)}", "-n", "-M", "prepared", "-f", str(file)]
        process = await asyncio.create_subprocess_exec(
            str(self.program),
            *options,
            *(f"-D{name}={value}" for name, value in given.items()),
            *_where(database),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, complaint = (one.decode() for one in await process.communicate())
        rate, count = re.search(r"tps = ([\d.]+)", said), re.search(r"actually processed: (\d+)", said)
        if process.returncode or rate is None or count is None or not re.search(r"failed transactions: 0 ", said):
            raise LoadFailed(f"pgbench failed, so there is no figure: {said}{complaint}")
        return float(rate[1]), int(count[1])


def _where(database: str) -> list[str]:
    parts = urlsplit(database)
    return ["-h", parse_qs(parts.query)["host"][0], "-U", str(parts.username), parts.path[1:]]
