"""How many statements the server sends for each request, by PostgreSQL's own log of them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median_low
from uuid import uuid4

from tests.bench.connection import Connection
from tests.bench.orders import Step, delete, get, post, put
from tests.bench.world import DOMAIN, address, body, machine, make, network, port, project

_LINE = re.compile(r"LOG:  (?:statement|execute [^:]+): (\S+)(.*)", re.MULTILINE)
_BRACKETS = ("BEGIN", "COMMIT")
# What a new connection asks about types.
_TYPES = "typeinfo"
_TIMES = 4
_PORT, _NETWORK, _MACHINE, _IP = "virtual-machine-interface", "virtual-network", "virtual-machine", "instance-ip"


@dataclass(frozen=True, slots=True)
class Count:
    """
    Statements of one request beside its BEGIN and COMMIT: usually and at most, and usually where the process meets all objects that the
    request names for the first time.
    """

    request: str
    usual: int
    most: int
    brackets: int
    cold: int


_OBJECTS = ("project", "net", *(f"{name}-{time}" for name in ("idle-net", "machine", "port", "held", "ip") for time in (0, 1)))


@dataclass(frozen=True, slots=True)
class Ground:
    """Objects of one walk, two of each name: the first is for the request that meets them cold, the second for the one after."""

    name: str
    uuids: Mapping[str, str] = field(default_factory=lambda: {name: str(uuid4()) for name in _OBJECTS})

    def port_of(self, time: int) -> str:
        return self.uuids[f"port-{time}"]


# A request on a ground, for the first time (0) or once more (1).
REQUESTS: dict[str, Callable[[Ground, int], Step]] = {
    f"GET {_NETWORK}": lambda on, _: get(f"/{_NETWORK}/{on.uuids['net']}"),
    "GET a list in detail": lambda on, _: get(f"/{_NETWORK}s?detail=true&parent_id={on.uuids['project']}"),
    "POST fqname-to-id": lambda on, _: post("/fqname-to-id", {"type": _NETWORK, "fq_name": [DOMAIN, on.name, "net"]}),
    f"create {_NETWORK}": lambda on, time: post(f"/{_NETWORK}s", network(f"new-{time}", below=on.name)),
    f"create {_MACHINE}": lambda on, time: post(f"/{_MACHINE}s", machine(f"{on.name}-new-{time}")),
    f"create {_PORT}": lambda on, time: post(f"/{_PORT}s", port(f"new-{time}", "net", on.name)),
    f"create {_IP}": lambda on, time: post(f"/{_IP}s", _held(on, time)),
    f"create {_IP}, address asked": lambda on, time: post(
        f"/{_IP}s", address(f"{on.name}-asked-{time}", "net", on.name, instance_ip_address=f"10.1.0.{20 + time}")
    ),
    f"update {_NETWORK}": lambda on, time: put(f"/{_NETWORK}/{on.uuids['net']}", body(_NETWORK, display_name=f"other-{time}")),
    f"update {_PORT}": lambda on, time: put(f"/{_PORT}/{on.port_of(0)}", body(_PORT, display_name=f"other-{time}")),
    "ref-update ADD": lambda on, time: post("/ref-update", _link(on, time, "ADD")),
    "ref-update DELETE": lambda on, time: post("/ref-update", _link(on, time, "DELETE")),
    "prop-collection-update": lambda on, time: post("/prop-collection-update", _note(on, time)),
    f"delete {_IP}": lambda on, time: delete(f"/{_IP}/{on.uuids[f'ip-{time}']}"),
    f"delete {_PORT}": lambda on, time: delete(f"/{_PORT}/{on.port_of(time)}"),
    f"delete {_MACHINE}": lambda on, time: delete(f"/{_MACHINE}/{on.uuids[f'machine-{time}']}"),
    f"delete {_NETWORK}": lambda on, time: delete(f"/{_NETWORK}/{on.uuids[f'idle-net-{time}']}"),
}
# What another request must have done before: in the same process, which is then not cold for it.
_AFTER = {"ref-update DELETE": "ref-update ADD"}


async def count(url: str, other: str, log: Path) -> list[Count]:
    """Each request several times, on objects that the other server made."""
    connection = await Connection.open(url)
    counts: dict[str, list[list[tuple[int, int]]]] = {request: [] for request in REQUESTS}
    for number in range(_TIMES):
        for request, step in REQUESTS.items():
            on = await _ground(other, f"{number}-{request}".replace(" ", "-"))
            if before := _AFTER.get(request):
                for time in (0, 1):
                    await _ask(connection, REQUESTS[before](on, time))
            counts[request].append([await _counted(log, connection, step(on, time)) for time in (0, 1)])
    await connection.close()
    # The first time is left out: whatever a process learns once, it has learned.
    return [_count(request, each[1:]) for request, each in counts.items()]


def _count(request: str, times: list[list[tuple[int, int]]]) -> Count:
    cold, warm = ([each[place] for each in times] for place in (0, 1))
    return Count(
        request,
        median_low(one for one, _ in warm),
        max(one for one, _ in warm),
        median_low(brackets for _, brackets in warm),
        median_low(one for one, _ in cold),
    )


async def _counted(log: Path, connection: Connection, step: Step) -> tuple[int, int]:
    """Statements while it is answered, and BEGINs and COMMITs; nobody else may use the database meanwhile."""
    start = log.stat().st_size
    await _ask(connection, step)
    with log.open() as lines:
        lines.seek(start)
        verbs = [verb.rstrip(";") for verb, rest in _LINE.findall(lines.read()) if _TYPES not in rest]
    brackets = sum(verb in _BRACKETS for verb in verbs)
    return len(verbs) - brackets, brackets


async def _ask(connection: Connection, step: Step) -> None:
    await connection.ask(step.method, step.path, step.body.encode())


async def _ground(url: str, name: str) -> Ground:
    on = Ground(name)
    uuids = on.uuids
    await make(
        url,
        [
            project(name, uuid=uuids["project"]),
            network("net", below=name, uuid=uuids["net"]),
            *(network(one, below=name, uuid=uuids[one]) for one in uuids if one.startswith("idle-net")),
            *(machine(f"{name}-{one}", uuid=uuids[one]) for one in uuids if one.startswith("machine")),
            *(port(one, "net", name, uuid=uuids[one]) for one in uuids if one.startswith(("port", "held"))),
            *(address(f"{name}-{one}", "net", name, uuid=uuids[one]) for one in uuids if one.startswith("ip")),
        ],
    )
    return on


def _held(on: Ground, time: int) -> dict[str, object]:
    """The address of a port."""
    held = [{"to": [DOMAIN, on.name, f"held-{time}"]}]
    return address(f"{on.name}-held-{time}", "net", on.name, virtual_machine_interface_refs=held)


def _link(on: Ground, time: int, operation: str) -> dict[str, object]:
    ends = {"uuid": on.port_of(0), "ref-uuid": on.uuids[f"machine-{time}"]}
    return {"type": _PORT, "ref-type": _MACHINE, "operation": operation, **ends}


def _note(on: Ground, time: int) -> dict[str, object]:
    value = {"key": f"a{time}", "value": "b"}
    return {"uuid": on.port_of(0), "updates": [{"field": "annotations", "operation": "set", "value": value, "position": f"a{time}"}]}
