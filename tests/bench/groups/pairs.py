"""A port and its instance-ip, made by as many clients and workers as help, beside pgbench that writes the same rows."""

from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager

from tests.bench.bench import Bench
from tests.bench.figures import AtLeast, Measure, Section
from tests.bench.orders import NAME, post
from tests.bench.rows import read_script
from tests.bench.stage import api
from tests.bench.world import instance_ip, port

PAIR_AIM = AtLeast(0.60)
AIMED = 32
# Clients that are measured with so many workers: fewer cannot keep them all busy.
LOADS = {1: (1, 8, 32), 2: (8, 32), 4: (32,)}


@asynccontextmanager
async def measures(bench: Bench) -> AsyncIterator[Sequence[Section]]:
    with bench.database() as database, api(database) as server:
        script = await read_script(server.url, database)
    pgbench = {
        clients: bench.pgbench(f"pgbench, {_clients(clients)}", script.sql, clients, script.given)
        for clients in sorted({one for each in LOADS.values() for one in each})
    }
    pair = post("/virtual-machine-interfaces", port(NAME)), post("/instance-ips", instance_ip(NAME))
    with ExitStack() as servers:
        found = []
        for workers, loads in LOADS.items():
            server = servers.enter_context(bench.server(workers))
            who = f"{workers} worker{'s' if workers > 1 else ''}"
            for clients in loads:
                ours = bench.load(f"{_clients(clients)}, {who}", server, *pair, clients=clients)
                found.append(Measure(ours, pgbench[clients], PAIR_AIM if clients == AIMED else None))
        found.sort(key=lambda measure: measure.ours.clients)
        title = f"a port and its instance-ip, in pairs (rows of one: {script.rows}; the original makes 46 to 65 a second)"
        yield [Section(title, found)]


def _clients(number: int) -> str:
    return f"{number} client{'s' if number > 1 else ''}"
