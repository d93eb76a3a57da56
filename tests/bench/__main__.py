"""`python -m tests.bench`, run by `make bench`: ratios to what the machine can do, measured in one run."""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import uvloop

from tests.bench import generator, profiling, record, report, wrk
from tests.bench.bench import Bench
from tests.bench.figures import Section, Taken, alternate, sides_of
from tests.bench.groups import GROUPS
from tests.bench.stage import Stage, api, embedded
from tests.bench.statements import count
from tests.bench.world import furnish
from tests.served import migrate

STATEMENTS = "statements"


@dataclass
class Asked:
    """What the command line says."""

    rounds: int
    seconds: float
    only: Sequence[str]
    large: bool
    profile: str
    output: Path
    told: dict[str, Any] = field(default_factory=dict)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, help="alternating rounds, of which the medians are taken  [5]")
    parser.add_argument("--seconds", type=float, help="how long each side takes in each round  [1]")
    parser.add_argument("--quick", action="store_true", help="1 round of 0.3 s: to see that it runs")
    parser.add_argument("--large", action="store_true", help="sizes up to a million resources: some minutes more")
    parser.add_argument("--only", default="", help=f"groups to measure, with commas between: {', '.join([*GROUPS, STATEMENTS])}  [all]")
    parser.add_argument("--profile", default="", metavar="NAME", help="look into the server in measures whose name has this in it (py-spy)")
    parser.add_argument("--output", type=Path, default=Path("bench.json"), help="where all figures go as JSON  [%(default)s]")
    given = parser.parse_args()
    only = [one for one in given.only.split(",") if one] or [*GROUPS, STATEMENTS]
    if unknown := set(only) - {*GROUPS, STATEMENTS}:
        parser.error(f"--only: there is no {', '.join(sorted(unknown))}")
    if given.profile:
        profiling.found()
    rounds, seconds = given.rounds or (1 if given.quick else 5), given.seconds or (0.3 if given.quick else 1.0)
    asked = Asked(rounds, seconds, only, given.large, given.profile, given.output)
    with tempfile.TemporaryDirectory(prefix="netweave-bench-") as directory, embedded(Path(directory)) as stage:
        uvloop.run(run(stage, asked))
    asked.output.write_text(json.dumps(asked.told, indent=1) + "\n")
    print(f"all figures are in {asked.output}")


async def run(stage: Stage, asked: Asked) -> None:
    """Prepare, measure group by group, print."""
    start = time.monotonic()
    template = await _template(stage)
    has_wrk = wrk.found()
    conditions = await record.conditions(stage, rounds=asked.rounds, seconds=asked.seconds, groups=list(asked.only))
    asked.told |= conditions | {"load": "wrk" if has_wrk else "generator", "groups": {}}
    _print(report.heading(conditions, "wrk" if has_wrk else "our own generator (there is no wrk)"))
    done: list[tuple[Sequence[Section], Taken]] = []
    for name in asked.only:
        if name == STATEMENTS:
            await _count(stage, template, asked)
            continue
        _say(f"{name}: preparing")
        async with GROUPS[name](Bench(stage, template, wrk.ordered if has_wrk else generator.ordered, asked.large)) as sections:
            taken = await alternate(sides_of(sections), asked.rounds, asked.seconds, _say)
            _print(report.table(sections, taken))
            await _profile(sections, asked)
        done.append((sections, taken))
        asked.told["groups"][name] = record.sections(sections, taken)
    asked.told["seconds"] = round(time.monotonic() - start)
    _print([*report.goals(done), f"{asked.told['seconds']} seconds in all"])


async def _profile(sections: Sequence[Section], asked: Asked) -> None:
    for side in sides_of(sections) if asked.profile else ():
        if asked.profile in side.name and side.pids:
            _print(["", *await profiling.profile(side, max(asked.seconds, 5))])


async def _template(stage: Stage) -> str:
    """A database with the crowded network in it, which nobody uses."""
    database = stage.postgres.make()
    migrate(database)
    with api(database) as server:
        await furnish(server.url)
    session = await asyncpg.connect(database)
    await session.execute("VACUUM ANALYZE")
    await session.close()
    return database


async def _count(stage: Stage, template: str, asked: Asked) -> None:
    _say("counting statements")
    database = stage.clone(template)
    await stage.log_statements(database)
    with api(database) as server, api(database) as other:
        counts = await count(server.url, other.url, stage.log)
    asked.told[STATEMENTS] = record.statements(counts)
    _print(report.statements(counts))


def _print(lines: Any) -> None:
    _say("")
    print("\n".join(lines), flush=True)


def _say(what: str) -> None:
    """Where the run is, on a terminal."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{what}")


if __name__ == "__main__":
    main()
