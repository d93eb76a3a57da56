"""One write as one story: what every kind goes through, and the few moments at which a special kind adds to it."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import asyncpg
import orjson

from api_server.errors import (
    AlreadyExists,
    BadRequest,
    ChildrenPresent,
    InvalidParent,
    NotFound,
    ParentMissing,
    StillReferred,
    SystemObject,
    UnknownId,
    UnknownName,
    UnknownReference,
    UuidTaken,
    WrongKind,
)
from api_server.ipam.ahead import Ahead
from api_server.ipam.numbers import let_go
from api_server.known import End, Known, Name
from api_server.model.caller import LINK, WRITE
from api_server.model.catalog import ROOT, Catalog
from api_server.model.kind import Kind
from api_server.model.quota import Limits
from api_server.model.resource import FqName, Link, Ref, Resource, digest
from api_server.quotas import Ledger
from api_server.store import resources
from api_server.store.database import Connection, Database, Writing
from api_server.store.journal import Far, Journal, Told, far_of_create, far_of_update
from api_server.store.resources import link_of, resource_of
from api_server.store.statements import Statement

Result = TypeVar("Result")


class Hooks:
    """What a kind does beyond being stored: by default, nothing. To refuse, raise; there is nothing to undo."""

    def name(self, new: Resource) -> None:
        """Give the new object the name that the kind's rule says, before anyone looks whether it is taken."""

    # The kinds of those targets that `foresee` looks at: they are there when it is asked.
    looks_at: frozenset[str] = frozenset()

    async def foresee(self, tx: "Transaction", coming: Sequence[Resource]) -> None:
        """Read and take at once, into `tx.ahead`, what will be asked for one by one when these are created. Refuses nothing."""

    async def before_create(self, tx: "Transaction", new: Resource) -> None: ...
    async def after_create(self, tx: "Transaction", new: Resource) -> None: ...
    async def before_update(self, tx: "Transaction", old: Resource, new: Resource) -> None: ...
    async def after_update(self, tx: "Transaction", old: Resource, new: Resource) -> None: ...
    async def before_delete(self, tx: "Transaction", old: Resource) -> None: ...


PLAIN = Hooks()
# Children that belong to who makes them, not to their parent's owner, as those of a domain do (contract 2.4).
CALLERS_OWN = frozenset({("virtual-port-group", "fabric")})
# The security group that comes and goes with its project (contract 3.4 project).
DEFAULT_GROUP = "default"


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a request wants its object: what the body said of the parent, and whether it named an owner (contract 1.4.1 row 9a)."""

    parent_kind: str = ""
    parent_uuid: str = ""
    owner_given: bool = False
    # As the body wrote it, which need not be a uuid.
    uuid: str = ""
    # A request asks for it, so its caller's permissions count; what the server adds by itself needs none.
    asked: bool = False


HERE = Placement()


@dataclass(frozen=True, slots=True)
class World:
    """What every transaction of a server knows: its kinds, their hooks, the names that are the server's own, and how much is allowed."""

    catalog: Catalog
    hooks: Mapping[str, Hooks]
    system: frozenset[tuple[str, FqName]]
    limits: Limits


class Transaction:
    """
    The verbs of a write. New resources wait until something is read or the transaction ends, and are then stored
    in one statement. `privileged` writes are the server's own: they may do what a kind's rules refuse to users.
    """

    def __init__(self, world: World, connection: Writing, database: Database, journal: Journal, *, privileged: bool = False) -> None:
        self.world = world
        self.catalog = world.catalog
        self.connection = connection
        self.database = database
        self.journal = journal
        self.privileged = privileged
        self.caller = journal.caller
        self.quotas = Ledger(None if privileged else world.limits, self)
        # Objects whose deletion is under way: what is deleted along with them asks whether it may.
        self.leaving: set[str] = set()
        # What is known before it is asked for, and who has which name.
        self.ahead = Ahead()
        self.known = Known()
        self._waiting: list[Resource] = []
        self._rows: dict[Statement, dict[str, list[dict[str, Any]]]] = {}
        self._made: set[str] = set()
        self._locked: set[str] = set()

    # --- reading, and SQL of hooks ---

    async def fetch(self, statement: Statement, **given: Any) -> list[asyncpg.Record]:
        await self.flush()
        return await self.connection.fetch(statement, **given)

    async def fetchrow(self, statement: Statement, **given: Any) -> asyncpg.Record | None:
        await self.flush()
        return await self.connection.fetchrow(statement, **given)

    async def fetchval(self, statement: Statement, **given: Any) -> Any:
        await self.flush()
        return await self.connection.fetchval(statement, **given)

    async def execute(self, statement: Statement, **given: Any) -> str:
        await self.flush()
        return await self.connection.execute(statement, **given)

    async def put(self, statement: Statement, **rows: list[dict[str, Any]]) -> None:
        """Rows for a statement that takes lists of them as JSON: they wait as new resources do."""
        waiting = self._rows.setdefault(statement, {})
        for name, more in rows.items():
            waiting.setdefault(name, []).extend(more)

    async def flush(self) -> None:
        """Store the new resources and rows that wait."""
        await self._insert_waiting(self.connection)

    async def finish(self) -> None:
        """Store those that still wait; where nothing else was written, that statement is the whole transaction."""
        await self._insert_waiting(self.connection.alone)

    async def rehearse(self) -> None:
        """Store them too, so that the database checks all of it, and let nothing stay."""
        await self.flush()
        await self.connection.rehearse()

    async def _insert_waiting(self, connection: Connection) -> None:
        waiting, self._waiting = self._waiting, []
        rows, self._rows = self._rows, {}
        if waiting:
            told = await self._tell_far(far_of_create(waiting), waiting)
            await resources.insert_all(self.connection if told or rows else connection, self.journal, waiting)
            if told:
                await resources.touch(connection, told)
        for statement, lists in rows.items():
            await self.connection.execute(statement, **{name: orjson.dumps(each).decode() for name, each in lists.items()})

    async def _tell_far(self, far: Far, near: Iterable[Resource] = ()) -> list[Told]:
        """Change rows of the objects whose refs a write changes beside its own; their rows are locked, but for those just being made."""
        if not far:
            return []
        stored = far.keys() - {one.uuid for one in near}
        return self.journal.implicit([*await self.hold_all(stored), *(one for one in near if one.uuid in far)], far)

    async def get(self, kind: str, uuid: str) -> Resource:
        """The object with its refs; NotFound when there is none of that kind."""
        row = await self.fetchrow(resources.READ[False, False], uuid=uuid)
        if row is None:
            raise UnknownId(uuid)
        if row["kind"] != kind:
            raise WrongKind(kind, uuid)
        return resource_of(self.catalog, row)

    async def hold(self, kind: str, uuid: str, needed: int = 0) -> Resource:
        """
        The object as it is now, with its row locked until the end: no other write changes it meanwhile. A caller who asks for it must
        have what is `needed` of READ, WRITE and LINK; the server itself needs nothing.
        """
        await self.lock([uuid])
        found = await self.get(kind, uuid)
        return self.permitted(needed, found) if needed else found

    def permitted(self, needed: int, of: Resource) -> Resource:
        """The object, if the caller may use it so; raises otherwise (contract 5.5)."""
        self.caller.require(needed, of.kind.name, of.uuid, of.perms, visible=of.identity.user_visible)
        return of

    def deletable(self, of: Resource) -> Resource:
        """The object, if the caller may delete it."""
        self.caller.require_to_delete(of.kind.name, of.uuid, of.perms, visible=of.identity.user_visible)
        return of

    async def permit(self, needed: int, uuid: str) -> None:
        """The same for an object that is not read here; whether there is one is somebody else's question."""
        if not self.caller.admin and (row := await self.fetchrow(resources.PERMS_BY_UUID, uuid=uuid)):
            resources.require(self.caller, needed, row)

    async def hold_all(self, uuids: Iterable[str]) -> list[Resource]:
        """Those of these objects that exist, as they are now, with their rows locked until the end."""
        uuids = sorted(set(uuids))
        await self.lock(uuids)
        return [resource_of(self.catalog, row) for row in await self.fetch(resources.READ_MANY, uuids=uuids)]

    async def lock(self, uuids: Iterable[str]) -> None:
        """Lock rows in uuid order, so that two transactions never wait for each other; unknown uuids are passed over."""
        # What this transaction made or has locked is nobody else's already.
        if wanted := set(uuids) - self._locked - self._made:
            self._locked |= {row["uuid"] for row in await self.fetch(resources.LOCK, uuids=sorted(wanted))}

    async def named(self, kind: str, fq_name: Sequence[str]) -> Link | None:
        """Who of the kind has this name."""
        row = await self.fetchrow(resources.BY_NAME, kind=kind, name_digest=digest(fq_name))
        return link_of(row) if row else None

    async def find(self, kind: str, fq_name: Sequence[str]) -> Resource | None:
        found = await self.named(kind, fq_name)
        return await self.get(kind, found.uuid) if found else None

    async def children(self, uuid: str, kind: str) -> list[Link]:
        return [link_of(row) for row in await self.fetch(resources.CHILDREN_OF, uuid=uuid, kind=kind)]

    async def referrers(self, uuid: str, kind: str) -> list[Link]:
        return [link_of(row) for row in await self.fetch(resources.REFERRERS, uuid=uuid, kind=kind)]

    # --- create ---

    async def create(self, new: Resource, placement: Placement = HERE, *, hooks: Hooks | None = None) -> None:
        """Checks in the order of contract 1.4.1, rows 8 to 14; the first failure is raised. `hooks` in place of the kind's own."""
        hooks = hooks or self.world.hooks.get(new.kind.name, PLAIN)
        hooks.name(new)
        if not (new.parent and new.parent.uuid in self._made and not new.refs):
            await self._settle(new, placement)
        await hooks.before_create(self, new)
        await self.quotas.charge(new)
        self._waiting.append(new)
        self._made.add(new.uuid)
        self.known.made(new)
        self.quotas.made(new)
        await hooks.after_create(self, new)

    async def _settle(self, new: Resource, placement: Placement) -> None:
        """Refuse a name or uuid that is taken and a parent or target that is not there; tell parent and refs who they are."""
        parent_kind, misplaced = _parent_kind(new, placement)
        parent_name = new.fq_name[:-1]
        await self.look_up(*self._mentioned(new, placement, parent_kind))
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
        if not placement.owner_given and (new.kind.name, parent.kind) not in CALLERS_OWN and parent.kind != "domain":
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
        """Names and uuids to look up: its own, the parent's, the targets' of all refs, that of the project to charge."""
        refs = [ref for each in new.refs.values() for ref in each]
        parent = [(parent_kind, new.fq_name[:-1])] if parent_kind else []
        charged = [("project", project)] if (project := self.quotas.wants(new)) else []
        uuids = [new.uuid] if placement.uuid else []
        return (
            [(new.kind.name, new.fq_name), *parent, *charged, *((ref.kind, ref.fq_name) for ref in refs if not ref.uuid)],
            [*uuids, *filter(None, [placement.parent_uuid, *(ref.uuid for ref in refs)])],
        )

    async def look_up(self, names: Iterable[Name], uuids: Iterable[str]) -> None:
        """Know who has these names and uuids: in one statement, or in none."""
        names, uuids = self.known.unknown(names, uuids)
        if names or uuids:
            await self.flush()
            rows = await resources.resolve(self.connection, names, uuids)
            self.quotas.learn(rows)
            self.known.learn(names, uuids, rows)

    # --- several at once ---

    async def expect(self, coming: Iterable[tuple[Resource, Placement]]) -> None:
        """Look up at once all names and uuids that the creation of these will ask for."""
        mentioned = [self._mentioned(new, placement, _parent_kind(new, placement)[0]) for new, placement in coming]
        await self.look_up((name for names, _ in mentioned for name in names), (uuid for _, uuids in mentioned for uuid in uuids))

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
        loose = [ref for refs in new.refs.values() for ref in refs if not (ref.uuid and ref.fq_name)]
        if loose:
            await self.look_up([(ref.kind, ref.fq_name) for ref in loose if not ref.uuid], [ref.uuid for ref in loose if ref.uuid])
            for name, each in new.refs.items():
                new.refs[name] = self.known.settled(name, each, _unknown_on_update)
            self._may_link({name: each for name, each in new.refs.items() if name in new.given})
        self.ahead.forget()
        hooks = self.world.hooks.get(new.kind.name, PLAIN)
        await hooks.before_update(self, old, new)
        await self.flush()
        told = await self._tell_far(far_of_update(old, new))
        await resources.replace_one(self.connection, self.journal, old, new, told)
        self.known.forget(old)
        self.quotas.forget()
        await hooks.after_update(self, old, new)

    # --- delete ---

    async def delete(self, old: Resource) -> None:
        """Delete it and what goes along with it (contract 1.4.4, 3.1); raises what holds it back."""
        if not self.privileged and not self.leaving and (old.kind.name, old.fq_name) in self.world.system:
            raise SystemObject(_title(old.kind), old.fq_name, old.uuid)
        self.leaving.add(old.uuid)
        self.ahead.forget()
        await self.world.hooks.get(old.kind.name, PLAIN).before_delete(self, old)
        children = [link_of(row) for row in await self.fetch(resources.ALL_CHILDREN, uuid=old.uuid)]
        if blocking := [child for child in children if not _goes_along(old.kind, child)]:
            raise ChildrenPresent([(child.kind, child.uuid) for child in blocking])
        for child in children:
            await self.delete(await self.get(child.kind, child.uuid))
        yielding, blocking = await self._referrers_of(old)
        if blocking:
            raise StillReferred([(referrer.kind, referrer.uuid) for referrer in blocking])
        told = await self._tell_far({uuid: {old.uuid: None} for uuid in yielding if uuid not in self.leaving})
        await let_go(self, old.uuid, yielding)
        await resources.delete_one(self.connection, self.journal, old, told)
        self.known.forget(old)
        self.quotas.forget()
        self.leaving.discard(old.uuid)

    async def _referrers_of(self, old: Resource) -> tuple[list[str], list[Link]]:
        """Those whose refs yield (relaxed, derived, of the same kind, or leaving too), and those that hold it back."""
        yielding: list[str] = []
        blocking: list[Link] = []
        for row in await self.fetch(resources.ALL_REFERRERS, uuid=old.uuid):
            referrer = link_of(row)
            rule = self.catalog[referrer.kind].refs[f"{old.kind.snake}_refs"]
            if row["relaxed"] or rule.derived or referrer.kind == old.kind.name or referrer.uuid in self.leaving:
                yielding.append(referrer.uuid)
            else:
                blocking.append(referrer)
        return yielding, blocking


def _unknown_on_update(name: str, target: str) -> NotFound:
    return NotFound(f"Unknown reference in {name}: {target}", field=name, target=target)


def _parent_kind(new: Resource, placement: Placement) -> tuple[str, str]:
    """The kind of the parent, "" for an object of the root, and what is wrong with the placement (contract 2.2)."""
    if new.parent:
        return new.parent.kind, ""
    real = [parent for parent in new.kind.parents if parent != ROOT]
    asked = placement.parent_kind
    length = len(new.fq_name)
    rooted = not real or (ROOT in new.kind.parents and (asked == ROOT or (not asked and length == 1)))
    if asked and asked not in new.kind.parents:
        return "", f"Invalid parent type {asked}. Allowed types: {list(new.kind.parents)}"
    if rooted:
        return "", "" if length == 1 else f"Invalid fq_name {list(new.fq_name)}: a {new.kind.name} without parent has a name of one element"
    if length == 1:
        return "", f"Invalid fq_name {list(new.fq_name)}: a {new.kind.name} has a parent, so its name has at least two elements"
    if asked:
        return asked, ""
    if len(real) > 1:
        return "", f"Missing parent type: None. Allowed types: {list(new.kind.parents)}"
    return real[0], ""


def _goes_along(parent: Kind, child: Link) -> bool:
    rule = parent.children.get(child.kind.replace("-", "_") + "s")
    own = DEFAULT_GROUP if child.kind == "security-group" else f"default-{child.kind}"
    return bool(rule and rule.derived) or child.fq_name[-1] == own


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

    async def run(connection: Writing) -> Result:
        tx = Transaction(world, connection, database, journal, privileged=privileged)
        if not dry_run:
            return await perform(tx, work)
        result = await work(tx)
        await tx.rehearse()
        return result

    return await database.write(run)


async def perform(tx: Transaction, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
    """Do `work` and store what waits at its end; whoever opened the transaction commits it."""
    result = await work(tx)
    await tx.finish()
    return result
