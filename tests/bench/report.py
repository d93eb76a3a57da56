"""The figures of a run as one table, with the aims beside them."""

from collections.abc import Iterator, Mapping, Sequence

from tests.bench.figures import Figure, middle, ratio
from tests.bench.measures import BARE, CLIENTS, CREATORS, GET, LIST, MANY, ROWS, creates, pairs
from tests.bench.statements import Count
from tests.bench.world import LISTED, SORTS

READ_AIM, PAIR_AIM, BUSY = 0.25, 0.30, 0.90
# Sixteen clients keep all cores busy, one request keeps one.
MANY_AIM = {1: 5.00, 16: 3.00}
Taken = Mapping[str, Sequence[Figure]]
_HEAD = f"{'':34}{'rate':>12}{'ratio':>8}   {'aim':14}{'CPU: server (wanted)':>20}{'PostgreSQL':>14}{'load':>6}"


def lines(taken: Taken, counts: Sequence[Count], rows: str) -> Iterator[str]:
    """The table, line by line."""
    yield _HEAD
    size = middle(taken[GET]).size
    yield from _section(f"GET one network{f', {size:.0f} bytes' if size else ''}, 16 connections")
    yield _line("bare FastAPI route", taken[BARE], 1, "/s", "1.00", "")
    yield _line("GET one network", taken[GET], 1, "/s", *_against(taken[GET], taken[BARE], READ_AIM))
    answer = middle(taken[LIST])
    yield from _section(f"list of {LISTED:,} networks in detail, {answer.size / 1e6:.2f} MB, 1 connection")
    yield _line("the same bytes by raw SQL", taken[ROWS], LISTED, " obj/s", "1.00", _volume(taken[ROWS]))
    yield _line("GET the list", taken[LIST], LISTED, " obj/s", f"{ratio(taken[LIST], taken[ROWS]):.2f}", _volume(taken[LIST]))
    yield from _section(f"create a port and its instance-ip (the rows of a pair: {rows})")
    for clients in CLIENTS:
        yield from _pairs(taken, clients)
    yield from _section(f"{MANY:,} objects in one request, against one by one, in objects")
    for sort in SORTS:
        yield from _creates(taken, sort)
    yield from _section("SQL statements a request, BEGIN and COMMIT apart")
    yield from _columns([_count(one) for one in counts])


def _section(title: str) -> Iterator[str]:
    yield ""
    yield title


def _pairs(taken: Taken, clients: int) -> Iterator[str]:
    server, loop, pgbench = (taken[pairs(side, clients)] for side in ("server", "raw loop", "pgbench"))
    who = f"{clients} client{'s' if clients > 1 else ''}"
    yield _line(f"{who}, raw SQL loop (asyncpg)", loop, 1, "/s", "1.00", "")
    yield _line(f"{who}, pgbench", pgbench, 1, "/s", f"{ratio(pgbench, loop):.2f}", "")
    yield _line(f"{who}, server : loop", server, 1, "/s", *_against(server, loop, PAIR_AIM))
    yield _line(f"{who}, server : pgbench", server, 1, "/s", *_against(server, pgbench, PAIR_AIM))


def _creates(taken: Taken, sort: str) -> Iterator[str]:
    together = taken[creates(sort)]
    for clients in CREATORS:
        singly = taken[creates(sort, clients)]
        who = f"{clients} client{'s' if clients > 1 else ''}"
        yield _line(f"{sort}, {who}", singly, 1, "/s", "1.00", "")
        yield _line(f"  one request : {who}", together, 1, "/s", *_against(together, singly, MANY_AIM[clients]))


def _against(of: Sequence[Figure], to: Sequence[Figure], aim: float) -> tuple[str, str]:
    found = ratio(of, to)
    return f"{found:.2f}", f">= {aim:.2f} {'met' if found >= aim else 'MISSED'}"


def _volume(taken: Sequence[Figure]) -> str:
    figure = middle(taken)
    return f"{figure.rate * figure.size / 1e6:.0f} MB/s"


def _line(name: str, taken: Sequence[Figure], times: int, unit: str, against: str, aim: str) -> str:
    figure = middle(taken)
    server, postgres = f"{figure.server:.0%} ({figure.server_wanted:.0%})", f"{figure.postgres:.0%} ({figure.postgres_wanted:.0%})"
    shares = f"{server:>20}{postgres:>14}{figure.generator:>6.0%}" if figure.server else ""
    return f"  {name:32}{f'{figure.rate * times:,.0f}{unit}':>12}{against:>8}   {aim:14}{shares}".rstrip()


def _count(one: Count) -> str:
    most = f" (at most {one.most})" if one.most > one.usual else ""
    return f"{one.request:34}{one.usual:>3}{f' + {one.brackets}' if one.brackets else ''}{most}"


def _columns(entries: Sequence[str]) -> Iterator[str]:
    half = (len(entries) + 1) // 2
    for left, right in zip(entries[:half], [*entries[half:], ""], strict=False):
        yield f"  {left:62}{right}".rstrip()


def limits(taken: Taken) -> Iterator[str]:
    """Loads in which something else than the server may have been the limit."""
    for name in (BARE, GET, *(pairs("server", clients) for clients in CLIENTS if clients > 1)):
        if (figure := middle(taken[name])).server_wanted < BUSY:
            yield f"{name}: the server wanted {figure.server_wanted:.0%} of a core, not {BUSY:.0%}: something else was the limit"
