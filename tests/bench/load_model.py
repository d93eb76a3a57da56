"""
A model of load: what so many interfaces ask of the server, of PostgreSQL and of its disk (docs/operations.md), and how far it is from
what a run of the benchmarks measured.

    python -m tests.bench.load_model [bench.json]

Its constants are measured: bytes of a row in a database of 400,000 resources, CPU of a request in the run that is given, or in the one that
the constants below come from.
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

DAY = 86_400
# A pod of the model: a machine, and so many ports with an instance-ip each.
INTERFACES = 3
# Bytes of a row with its share of all indexes and of free space, after a fill without updates; a change has an object before or after.
RESOURCE, REFERENCE, ADDRESS, CHANGE = 971, 182, 206, 1687
# Of a port: a machine, a network, a routing instance; of an instance-ip: a network and a port.
REFERENCES = 5
# Bytes of the write-ahead log of a port with its instance-ip, made or deleted, where each page is written whole because it is the first
# time since a checkpoint, and where it is not.
LOG_MOST, LOG_LEAST = 58_000, 8_000
# An event of /watch with a whole port in it.
EVENT = 1_500


@dataclass(frozen=True, slots=True)
class Cpu:
    """Milliseconds of a core that a request costs."""

    server: float
    postgres: float

    @property
    def both(self) -> float:
        return self.server + self.postgres


@dataclass(frozen=True, slots=True)
class Costs:
    """CPU of the requests that the model knows."""

    port: Cpu
    address: Cpu
    # One object of a request of many.
    together: Cpu
    get: Cpu


# Two cores that other work shared, which makes all of them dearer.
MEASURED = Costs(port=Cpu(1.65, 1.35), address=Cpu(1.69, 1.48), together=Cpu(0.17, 0.125), get=Cpu(0.73, 0.34))


@dataclass(frozen=True, slots=True)
class Use:
    """How long a pod lives, the storm in which a part of all comes at once, how many watch, and how long changes are kept."""

    life: float = 2 * DAY
    storm_part: float = 0.2
    storm_seconds: float = 900
    watchers: int = 2
    kept_days: int = 7


@dataclass(frozen=True, slots=True)
class Load:
    """What it comes to. Writes are objects a second."""

    interfaces: int
    steady: float
    storm: float
    server_cores: float
    postgres_cores: float
    objects_gb: float
    changes_gb: float
    log_gb_a_day: float
    watched_mb: float


def load_of(interfaces: int, costs: Costs, use: Use = Use()) -> Load:
    """The load of so many interfaces in pods that come and go, all written by `POST /v2/bulk` as the worker does."""
    pods = interfaces / INTERFACES
    objects = 1 + 2 * INTERFACES
    # Each pod of a life is made and deleted once.
    steady = 2 * pods / use.life * objects
    storm = pods * use.storm_part / use.storm_seconds * objects
    rows = RESOURCE * objects + (REFERENCES * REFERENCE + ADDRESS) * INTERFACES
    return Load(
        interfaces=interfaces,
        steady=steady,
        storm=storm,
        server_cores=storm * costs.together.server / 1000,
        postgres_cores=storm * costs.together.postgres / 1000,
        objects_gb=pods * rows / 1e9,
        changes_gb=steady * DAY * use.kept_days * CHANGE / 1e9,
        log_gb_a_day=steady * DAY / objects * INTERFACES * LOG_MOST / 1e9,
        watched_mb=storm * use.watchers * EVENT / 1e6,
    )


@dataclass(frozen=True, slots=True)
class Point:
    """The middle round of a measure: its rate, and what a request of it cost."""

    rate: float
    cpu: Cpu
    # What the load generator took of the same cores.
    load: float


def points(run: Mapping[str, Any]) -> dict[str, Point]:
    """Each measure of a run of which CPU is known, by group and name."""
    found: dict[str, Point] = {}
    for group, sections in run["groups"].items():
        for measure in (measure for section in sections for measure in section["measures"]):
            figures = sorted(measure["rounds"]["figures"], key=lambda figure: float(figure["value"]))
            middle = figures[len(figures) // 2]
            if middle["cpu"].get("server") and middle["value"]:
                server, postgres, load = (1000 * middle["cpu"][who]["used"] / middle["value"] for who in ("server", "PostgreSQL", "load"))
                found[f"{group}: {measure['name']}"] = Point(middle["value"], Cpu(server, postgres), load)
    return found


@dataclass(frozen=True, slots=True)
class Check:
    """What the model says of a measure, and what was measured."""

    name: str
    model: float
    measured: float

    @property
    def error(self) -> float:
        return self.model / self.measured - 1


def checks(found: Mapping[str, Point], cores: int) -> Iterator[Check]:
    """A pair costs what its two requests cost alone; and where all cores are busy, its rate is what they hold of that."""
    port, address = found.get("create: create a port, 1.1 kB"), found.get("create: create an instance-ip")
    if port is None or address is None:
        return
    each = port.cpu.both + address.cpu.both
    for name, point in found.items():
        if name.startswith("pair: ") and not name.startswith("pair: 1 client,"):
            yield Check(f"{name}: CPU, ms", each, point.cpu.both)
            yield Check(f"{name}: pairs a second", 1000 * cores / (each + point.load), point.rate)


def table(costs: Costs) -> Iterator[str]:
    """The load from a thousand interfaces to ten millions."""
    names = [field.name for field in fields(Load)]
    yield "  ".join(f"{name:>14}" for name in names)
    for interfaces in (1_000, 10_000, 100_000, 1_000_000, 10_000_000):
        load = load_of(interfaces, costs)
        yield "  ".join(f"{getattr(load, name):>14,.{0 if name == 'interfaces' else 2}f}" for name in names)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, nargs="?", help="what `make bench` wrote")
    given = parser.parse_args()
    for line in table(MEASURED):
        print(line)
    if given.run:
        run = json.loads(given.run.read_text())
        found = points(run)
        print(f"\n{'CPU of a request, ms':60} {'server':>10} {'PostgreSQL':>10}")
        for name, point in found.items():
            print(f"{name:60} {point.cpu.server:10.3f} {point.cpu.postgres:10.3f}")
        print(f"\n{'the model against what was measured':60} {'model':>10} {'measured':>10} {'error':>7}")
        for check in checks(found, run["machine"]["cores"]):
            print(f"{check.name:60} {check.model:10.2f} {check.measured:10.2f} {check.error:7.0%}")


if __name__ == "__main__":
    main()
