"""One write as one story: what every kind goes through, and the few moments at which a special kind adds to it."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from api_server.errors import (
    AlreadyExists,
    ApiError,
    BadRequest,
    ChildrenPresent,
    InvalidParent,
    NotFound,
    ParentMissing,
    StillReferred,
    SystemObject,
    UnknownName,
    UnknownReference,
    UuidTaken,
)
from api_server.ipam.ahead import Ahead
from api_server.ipam.departures import DELETE
from api_server.known import Known, end_made, end_of
from api_server.memory import End, Memory, Name, Recall
from api_server.model.caller import LINK, WRITE
from api_server.model.catalog import Catalog
from api_server.model.kind import Kind
from api_server.model.placement import HERE, Placement, goes_along, is_callers_own, kind_of_parent
from api_server.model.quota import Limits
from api_server.model.resource import FqName, Link, Ref, Resource
from api_server.quotas import Ledger
from api_server.store import resources
from api_server.store.assumptions import Disproved
from api_server.store.database import LOST_A_RACE, Database, Writing
from api_server.store.journal import Journal, far_of_update
from api_server.unit_of_work import UnitOfWork

Result = TypeVar("Result")


class Hooks:
    """What a kind does beyond being stored: by default, nothing. To refuse, raise; there is nothing to undo."""

    def name(self, new: Resource) -> None:
        """Give the new object the name that the kind's rule says, before anyone looks whether it is taken."""

    # The kinds of those targets that `foresee` looks at: they are there when it is asked.
    looks_at: frozenset[str] = frozenset()

    # Whether an object holds addresses, which are free again when it is deleted.
    holds_address: bool = False

    async def foresee(self, tx: "Transaction", coming: Sequence[Resource]) -> None:
        """Read and take at once, into `tx.ahead`, what will be asked for one by one when these are created. Refuses nothing."""

    async def before_create(self, tx: "Transaction", new: Resource) -> None: ...
    async def after_create(self, tx: "Transaction", new: Resource) -> None: ...
    async def before_update(self, tx: "Transaction", old: Resource, new: Resource) -> None: ...
    async def after_update(self, tx: "Transaction", old: Resource, new: Resource) -> None: ...
    async def before_delete(self, tx: "Transaction", old: Resource) -> None: ...


PLAIN = Hooks()


@dataclass(frozen=True, slots=True)
class World:
    """What every transaction of a server knows: its kinds, their hooks, the names that are the server's own, how much is allowed, and what
    was learnt of objects before.
    """

    catalog: Catalog
    hooks: Mapping[str, Hooks]
    system: frozenset[tuple[str, FqName]]
    limits: Limits
    memory: Memory = field(default_factory=Memory)


class Transaction(UnitOfWork):
    """
    The verbs of a write: create, update, delete. `privileged` writes are the server's own: they may do what a kind's rules refuse to users.
    """

    def __init__(self, world: World, connection: Writing, database: Database, journal: Journal, *, privileged: bool = False) -> None:
        super().__init__(world.catalog, connection, database, journal, Recall(world.memory, trusts=not (connection.again or privileged)))
        self.world = world
        self.privileged = privileged
        self.quotas = Ledger(None if privileged else world.limits, self)
        # Objects whose deletion is under way: what is deleted along with them asks whether it may.
        self.leaving: set[str] = set()
        # Whether each of several is to be told by itself what is wrong with it.
        self.several = False
        # What is known before it is asked for, and who has which name.
        self.ahead = Ahead(self.recall)
        self.known = Known()

    # --- create ---

    async def create(self, new: Resource, placement: Placement = HERE, *, hooks: Hooks | None = None) -> None:
        """Checks in the order of contract 1.4.1, rows 8 to 14; the first failure is raised. `hooks` in place of the kind's own."""
        hooks = hooks or self.world.hooks.get(new.kind.name, PLAIN)
        hooks.name(new)
        self.recall.open()
        if not (new.parent and new.parent.uuid in self.made and not new.refs):
            await self._settle(new, placement)
        await hooks.before_create(self, new)
        await self.quotas.charge(new)
        self.store(new)
        self.known.learn([end_made(new)])
        self.quotas.made(new)
        await hooks.after_create(self, new)

    async def _settle(self, new: Resource, placement: Placement) -> None:
        """Refuse a name or uuid that is taken and a parent or target that is not there; tell parent and refs who they are."""
        parent_kind, misplaced = kind_of_parent(new, placement)
        parent_name = new.fq_name[:-1]
        await self.look_up(*self._mentioned(new, placement, parent_kind), own=_own(new, placement))
        found = self.known
        if twin := found.named(new.kind.name, new.fq_name):
            raise AlreadyExists(new.fq_name, twin.uuid)
        if misplaced:
            raise InvalidParent(misplaced, kind=new.kind.name, fq_name=list(new.fq_name))
        parent = found.named(parent_kind, parent_name) if parent_kind else None
        if parent_kind and not parent and parent_kind != "domain" and not placement.owner_given:
            raise UnknownName(parent_name, parent=True)
        if placement.uuid and placement.uuid != new.uuid:
            raise BadRequest(f"Invalid UUID format: {placement.uuid}", field="uuid")
        if placement.uuid and (holder := found.by_uuid(new.uuid)):
            raise UuidTaken(new.uuid, holder.fq_name)
        if parent_kind and not parent:
            raise ParentMissing(parent_kind, parent_name)
        if parent:
            self._put_below(parent, new, placement)
        for name, each in new.refs.items():
            new.refs[name] = found.settled(name, each, UnknownReference)
        if placement.asked:
            self._may_link(new.refs)

    def _put_below(self, parent: End, new: Resource, placement: Placement) -> None:
        if placement.asked:
            self._permit(WRITE, parent)
        if placement.parent_uuid and placement.parent_uuid != parent.uuid:
            name = ":".join(parent.fq_name)
            raise InvalidParent(f"parent_uuid {placement.parent_uuid} is not the {parent.kind} {name}", field="parent_uuid")
        new.parent = parent.link
        if not placement.owner_given and not is_callers_own(new.kind.name, parent.kind):
            new.perms.owner = parent.perms.owner

    def _may_link(self, refs: Mapping[str, Sequence[Ref]]) -> None:
        """X on every target that the request's body named (contract 5.5)."""
        for ref in (ref for each in refs.values() for ref in each):
            if end := self.known.by_uuid(ref.uuid):
                self._permit(LINK, end)

    def _permit(self, needed: int, end: End) -> None:
        if not self.caller.admin:
            self.caller.require(needed, end.kind, end.uuid, end.perms, visible=end.visible)

    def _mentioned(self, new: Resource, placement: Placement, parent_kind: str) -> tuple[list[Name], list[str]]:
        """What must be there: its parent, the targets of all its refs, the project to charge."""
        refs = [ref for each in new.refs.values() for ref in each]
        parent = [(parent_kind, new.fq_name[:-1])] if parent_kind else []
        charged = [("project", project)] if (project := self.quotas.wants(new)) else []
        return (
            [*parent, *charged, *((ref.kind, ref.fq_name) for ref in refs if not ref.uuid)],
            [*filter(None, [placement.parent_uuid, *(ref.uuid for ref in refs)])],
        )

    def may_put_off(self, new: Resource) -> bool:
        """Whether what its hook takes may be taken when it is stored: nothing can be wrong with it beyond that."""
        return not self.several and not self.quotas.counts(new.kind.snake)

    async def look_up(self, names: Iterable[Name], uuids: Iterable[str], own: tuple[Iterable[Name], Iterable[str]] = ((), ())) -> None:
        """Know who has these names and uuids, in one statement at most. `own` should be nobody's yet: where nothing else has to be looked
        up, that is left to the constraints.
        """
        own = self.known.unknown(*own)
        new = self.recall.presumes_new(*own)
        names, uuids = self.known.unknown(names, uuids)
        self._learn(self.recall.find(names, uuids))
        names, uuids = self.known.unknown(names, uuids)
        if new and not (names or uuids):
            self.recall.used |= any(own)
            self.known.asked(*own)
            return
        names, uuids = list(dict.fromkeys([*names, *own[0]])), list(dict.fromkeys([*uuids, *own[1]]))
        if names or uuids:
            await self.flush()
            found = [end_of(row) for row in await resources.resolve(self.connection, names, uuids)]
            self.known.asked(names, uuids)
            self._learn(found)
            self.recall.learn(found)

    def _learn(self, ends: Sequence[End]) -> None:
        self.known.learn(ends)
        self.quotas.learn(ends)

    async def end_of(self, kind: str, fq_name: FqName) -> End | None:
        """Who has this name, as far as the transaction knows already; else it looks."""
        await self.look_up([(kind, fq_name)], [])
        return self.known.named(kind, fq_name)

    # --- several at once ---

    async def expect(self, coming: Iterable[tuple[Resource, Placement]]) -> None:
        """Look up at once all names and uuids that the creation of these will ask for."""
        self.several = True
        self.recall.open()
        coming = list(coming)
        asked = [self._mentioned(new, placement, kind_of_parent(new, placement)[0]) for new, placement in coming]
        own = [_own(new, placement) for new, placement in coming]
        new_names, new_uuids = {one for names, _ in own for one in names}, {one for _, uuids in own for one in uuids}
        # Who refers to another of them asks for it when that is made.
        await self.look_up(
            (one for names, _ in asked for one in names if one not in new_names),
            (one for _, uuids in asked for one in uuids if one not in new_uuids),
            (new_names, new_uuids),
        )

    async def foresee(self, coming: Sequence[Resource]) -> int:
        """Have the hooks read and take at once what they will need, for as many of `coming` as it can be known for; how many."""
        ready = coming[: self._ready(coming)]
        if len(ready) > 1:
            for name in dict.fromkeys(one.kind.name for one in ready):
                await self.world.hooks.get(name, PLAIN).foresee(self, ready)
        return len(ready)

    def _ready(self, coming: Sequence[Resource]) -> int:
        """How many come before the first that needs to look at one of them."""
        before: set[Any] = set()
        for count, one in enumerate(coming):
            looks_at = self.world.hooks.get(one.kind.name, PLAIN).looks_at
            looked_at = (ref for refs in one.refs.values() for ref in refs if ref.kind in looks_at)
            if any((ref.uuid or (ref.kind, ref.fq_name)) in before for ref in looked_at):
                return count
            before |= {one.uuid, (one.kind.name, one.fq_name)}
        return len(coming)

    # --- update ---

    async def update(self, old: Resource, new: Resource) -> None:
        """Store `new` over `old`, which `hold` gave; refs of `new` may still lack a uuid or a name."""
        self.recall.close()
        loose = [ref for refs in new.refs.values() for ref in refs if not (ref.uuid and ref.fq_name)]
        if loose:
            await self.look_up([(ref.kind, ref.fq_name) for ref in loose if not ref.uuid], [ref.uuid for ref in loose if ref.uuid])
            for name, each in new.refs.items():
                new.refs[name] = self.known.settled(name, each, _unknown_on_update)
            self._may_link({name: each for name, each in new.refs.items() if name in new.given})
        self.ahead.forget()
        hooks = self.world.hooks.get(new.kind.name, PLAIN)
        await hooks.before_update(self, old, new)
        told = await self.tell_far(far_of_update(old, new))
        await self.change(resources.UPDATE, old.uuid, resources.replacement(self.journal, old, new, told))
        self.recall.changes(old.uuid, old.modified)
        self.known.forget(old)
        self.quotas.forget()
        await hooks.after_update(self, old, new)

    # --- delete ---

    async def delete(self, old: Resource) -> None:
        """Delete it and what goes along with it (contract 1.4.4, 3.1); raises what holds it back."""
        if not self.privileged and not self.leaving and (old.kind.name, old.fq_name) in self.world.system:
            raise SystemObject(_title(old.kind), old.fq_name, old.uuid)
        self.leaving.add(old.uuid)
        self.recall.close()
        self.ahead.forget()
        hooks = self.world.hooks.get(old.kind.name, PLAIN)
        await hooks.before_delete(self, old)
        around = await self.around(old.uuid)
        if blocking := [child for child in around.children if not goes_along(old.kind, child)]:
            raise ChildrenPresent([(child.kind, child.uuid) for child in blocking])
        for child in around.children:
            await self.delete(await self.get(child.kind, child.uuid))
        if around.children:
            around = await self.around(old.uuid)
        yielding, blocking = self._sorted(old, around.referrers)
        if blocking:
            raise StillReferred([(referrer.kind, referrer.uuid) for referrer in blocking])
        told = await self.tell_far({uuid: {old.uuid: None} for uuid in yielding if uuid not in self.leaving})
        await self.change(DELETE[hooks.holds_address], old.uuid, resources.deletion(self.journal, old, yielding, told))
        self.recall.changes(old.uuid, old.modified)
        self.known.forget(old)
        self.quotas.forget()
        self.leaving.discard(old.uuid)

    def _sorted(self, old: Resource, referrers: Iterable[tuple[Link, bool]]) -> tuple[list[str], list[Link]]:
        """Those whose refs yield (relaxed, derived, of the same kind, or leaving too), and those that hold it back."""
        yielding: list[str] = []
        blocking: list[Link] = []
        for referrer, relaxed in referrers:
            rule = self.catalog[referrer.kind].refs[f"{old.kind.snake}_refs"]
            if relaxed or rule.derived or referrer.kind == old.kind.name or referrer.uuid in self.leaving:
                yielding.append(referrer.uuid)
            else:
                blocking.append(referrer)
        return yielding, blocking


def _own(new: Resource, placement: Placement) -> tuple[list[Name], list[str]]:
    """What nobody may have yet: its name, and a uuid that its maker chose."""
    return [(new.kind.name, new.fq_name)], [new.uuid] if placement.uuid else []


def _unknown_on_update(name: str, target: str) -> NotFound:
    return NotFound(f"Unknown reference in {name}: {target}", field=name, target=target)


def _title(kind: Kind) -> str:
    return kind.name.replace("-", " ").title()


async def write(
    world: World,
    database: Database,
    journal: Journal,
    work: Callable[[Transaction], Awaitable[Result]],
    *,
    privileged: bool = False,
    dry_run: bool = False,
) -> Result:
    """Do `work` in one transaction and commit it; it may run several times, so it must not change what it was given.

    A dry run does all of it, has the database check it, and lets nothing stay.
    """

    async def run(connection: Writing) -> tuple[Result, Transaction]:
        tx = Transaction(world, connection, database, journal, privileged=privileged)
        return await perform(tx, work, rehearsed=dry_run), tx

    result, tx = await database.write(run)
    if not dry_run:
        tx.recall.committed()
    return result


async def perform(tx: Transaction, work: Callable[[Transaction], Awaitable[Result]], *, rehearsed: bool = False) -> Result:
    """Do `work` and store what waits at its end; whoever opened the transaction commits it.

    No refusal rests on what was remembered: it is raised as Disproved, so that all of it runs again, and asks the database.
    """
    try:
        result = await work(tx)
        await (tx.rehearse() if rehearsed else tx.finish())
    except (ApiError, *LOST_A_RACE) as why:
        if not tx.recall.used:
            raise
        tx.recall.disown()
        raise Disproved from why
    return result
