"""What is measured, group by group: each makes its own servers and objects, and removes them when it has been measured."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

from tests.bench.bench import Bench
from tests.bench.figures import Section
from tests.bench.groups import bulk, changes, creates, ipam, lists, pairs, reads, sizes, start, watching

Group = Callable[[Bench], AbstractAsyncContextManager[Sequence[Section]]]

GROUPS: dict[str, Group] = {
    "get": reads.measures,
    "list": lists.measures,
    "create": creates.measures,
    "pair": pairs.measures,
    "change": changes.measures,
    "bulk": bulk.measures,
    "watch": watching.measures,
    "ipam": ipam.measures,
    "size": sizes.measures,
    "start": start.measures,
}
