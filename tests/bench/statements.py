"""How many statements the server sends for each request, by PostgreSQL's own log of them."""

import re
from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path
from statistics import median_low

import orjson

from tests.bench.connection import Connection
from tests.bench.world import DOMAIN, PROJECT, World, body, create, instance_ip, network, port

_LINE = re.compile(r"LOG:  (?:statement|execute [^:]+): (\S+)", re.MULTILINE)
_BRACKETS = ("BEGIN", "COMMIT")
_TIMES = 4


@dataclass(frozen=True, slots=True)
class Count:
    """Statements of one request beside its BEGIN and COMMIT: usually, and at most in this run."""

    request: str
    usual: int
    most: int
    brackets: int


class Counter:
    """Reads how the log of a server with `log_statement = all` grows."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._counts: dict[str, list[tuple[int, int]]] = {}

    async def of(self, request: str, asking: Awaitable[object]) -> None:
        """Count the statements while it is answered; nobody else may use the database meanwhile."""
        start = self._log.stat().st_size
        await asking
        with self._log.open() as log:
            log.seek(start)
            verbs = _LINE.findall(log.read())
        brackets = sum(verb.rstrip(";") in _BRACKETS for verb in verbs)
        self._counts.setdefault(request, []).append((len(verbs) - brackets, brackets))

    def counts(self) -> list[Count]:
        """The first time is left out: a new connection asks the database about types."""
        counted = {request: each[1:] for request, each in self._counts.items()}
        return [
            Count(request, median_low(one for one, _ in each), max(one for one, _ in each), median_low(two for _, two in each))
            for request, each in counted.items()
        ]


async def count(url: str, world: World, log: Path) -> list[Count]:
    """Walk several times through the life of a network and a port."""
    connection = await Connection.open(url)
    counter = Counter(log)
    for time in range(_TIMES):
        await _walk(connection, counter, world, f"walk-{time}")
    await connection.close()
    return counter.counts()


async def _walk(connection: Connection, counter: Counter, world: World, name: str) -> None:
    uuids: dict[str, str] = {}

    async def made(kind: str, document: bytes) -> None:
        uuids[kind] = await create(connection, kind, document)

    async def ask(label: str, method: str, path: str, document: bytes = b"") -> None:
        await counter.of(label, connection.ask(method, path, document))

    net, machine, vmi, ip = "virtual-network", "virtual-machine", "virtual-machine-interface", "instance-ip"
    await ask("GET one network", "GET", world.read)
    await ask("GET the list in detail", "GET", world.list)
    await ask("POST fqname-to-id", "POST", "/fqname-to-id", orjson.dumps({"type": net, "fq_name": [DOMAIN, PROJECT, "read"]}))
    for kind, document in (
        (net, network(name, "172.20.0.0/24")),
        (machine, body(machine, fq_name=[name])),
        (vmi, port(name)),
        (ip, instance_ip(name)),
    ):
        await counter.of(f"create {kind}", made(kind, document))
    await ask(f"update {net}", "PUT", f"/{net}/{uuids[net]}", body(net, display_name="other"))
    await ask(f"update {vmi}", "PUT", f"/{vmi}/{uuids[vmi]}", body(vmi, display_name="other"))
    link = {"type": vmi, "uuid": uuids[vmi], "ref-type": machine, "ref-uuid": uuids[machine]}
    await ask("ref-update ADD", "POST", "/ref-update", orjson.dumps({**link, "operation": "ADD"}))
    await ask("ref-update DELETE", "POST", "/ref-update", orjson.dumps({**link, "operation": "DELETE"}))
    note = [{"field": "annotations", "operation": "set", "value": {"key": "a", "value": "b"}, "position": "a"}]
    await ask("prop-collection-update", "POST", "/prop-collection-update", orjson.dumps({"uuid": uuids[vmi], "updates": note}))
    for kind in (ip, vmi, machine, net):
        await ask(f"delete {kind}", "DELETE", f"/{kind}/{uuids[kind]}")
