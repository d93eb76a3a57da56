"""What a write reads and locks, and what waits to be stored: all that a transaction does but for its rules."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import asyncpg
import orjson

from api_server.errors import UnknownId, WrongKind
from api_server.ipam.taking import Taking
from api_server.known import end_made
from api_server.memory import Recall
from api_server.model.catalog import Catalog
from api_server.model.resource import Link, Resource, digest
from api_server.store import resources
from api_server.store.assumptions import Disproved
from api_server.store.creates import insert_all
from api_server.store.database import Connection, Database, Writing
from api_server.store.journal import Far, Journal, Told, far_of_create
from api_server.store.resources import Around, around_of, link_of, resource_of
from api_server.store.statements import Statement

# What PostgreSQL says of a statement that stores change rows, and stored none.
NOTHING = "INSERT 0 0"


class Held(NamedTuple):
    """An object that was read to be changed, and what was around it."""

    one: Resource
    around: Around | None


class Change(NamedTuple):
    """An update or a deletion that waits."""

    statement: Statement
    uuid: str
    given: Mapping[str, Any]


class UnitOfWork:
    """
    One transaction. New resources and rows wait until something is read or it ends, and are then stored in one statement, so that
    whoever reads sees them.
    """

    def __init__(self, catalog: Catalog, connection: Writing, database: Database, journal: Journal, recall: Recall) -> None:
        self.catalog = catalog
        self.connection = connection
        self.database = database
        self.journal = journal
        self.caller = journal.caller
        self.recall = recall
        self.made: set[str] = set()
        self._waiting: list[Resource] = []
        self._taking: dict[str, Taking] = {}
        self._rows: dict[Statement, dict[str, list[dict[str, Any]]]] = {}
        self._locked: set[str] = set()
        # The object that was read to be changed and is not locked yet, as it was read, with what is around it.
        self._held: Held | None = None
        self._change: Change | None = None

    # --- SQL ---

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

    def store(self, new: Resource) -> None:
        """A new resource, which waits to be stored together with others."""
        self._waiting.append(new)
        self.made.add(new.uuid)

    def take_when_stored(self, new: Resource, taking: Taking) -> None:
        """An address that the statement takes which stores the object. If there is none to be had, that is told then."""
        self._taking[new.uuid] = taking

    async def change(self, statement: Statement, uuid: str, given: Mapping[str, Any]) -> None:
        """An update or a deletion, after all that waits; it waits until something is read or the transaction ends."""
        if self._waits or self._change:
            await self.flush()
        self._change = Change(statement, uuid, given)

    async def flush(self) -> None:
        """Store the change, the new resources and the rows that wait; what is held is locked from here on."""
        await self._make_change(self.connection)
        await self._secure()
        await self._insert_waiting(self.connection)

    async def finish(self) -> None:
        """Store those that still wait; where nothing else was written, that statement is the whole transaction."""
        if self._waits:
            await self._make_change(self.connection)
            await self._secure()
        else:
            await self._make_change(self.connection.alone)
        await self._insert_waiting(self.connection.alone)

    @property
    def _waits(self) -> bool:
        """Whether anything new waits to be stored."""
        return bool(self._waiting or self._rows)

    async def _make_change(self, connection: Connection) -> None:
        change, self._change = self._change, None
        if change is None:
            return
        seen = self._held.one.modified if self._held and self._held.one.uuid == change.uuid else None
        if seen:
            self._held = None
            self._locked.add(change.uuid)
        if await connection.execute(change.statement, seen=seen, **change.given) == NOTHING:
            raise Disproved

    async def _secure(self) -> None:
        """Lock what was read to be changed, before anything is read or written that goes with it; Disproved if it is otherwise by now."""
        held, self._held = self._held, None
        if held:
            self._locked.add(held.one.uuid)
            rows = await self.connection.fetch(resources.LOCK, uuids=[held.one.uuid])
            if not rows or rows[0]["modified"] != held.one.modified:
                raise Disproved

    async def rehearse(self) -> None:
        """Store them too, so that the database checks all of it, and let nothing stay."""
        await self.flush()
        await self.connection.rehearse()

    async def _insert_waiting(self, connection: Connection) -> None:
        waiting, self._waiting = self._waiting, []
        rows, self._rows = self._rows, {}
        taking = [self._taking.pop(one.uuid) for one in waiting if one.uuid in self._taking]
        first = taking[0] if len(waiting) == 1 and taking and not rows else None
        if first and await first.store(connection, self.database, self.journal, waiting[0], self.recall.assumptions()):
            self.recall.proved(map(end_made, waiting))
            return
        for one in taking:
            await one.otherwise()
        if waiting:
            told = await self.tell_far(far_of_create(waiting), waiting)
            await insert_all(self.connection if told or rows else connection, self.journal, waiting, self.recall.assumptions())
            self.recall.proved(map(end_made, waiting))
            if told:
                await resources.touch(connection, told)
        for statement, lists in rows.items():
            await self.connection.execute(statement, **{name: orjson.dumps(each).decode() for name, each in lists.items()})

    async def tell_far(self, far: Far, near: Iterable[Resource] = ()) -> list[Told]:
        """Change rows of the objects whose refs a write changes beside its own; their rows are locked, but for those just being made."""
        if not far:
            return []
        self.recall.close()
        stored = await self.hold_all(far.keys() - {one.uuid for one in near})
        for one in stored:
            self.recall.changes(one.uuid, one.modified)
        return self.journal.implicit([*stored, *(one for one in near if one.uuid in far)], far)

    # --- objects ---

    async def get(self, kind: str, uuid: str) -> Resource:
        """The object with its refs; NotFound when there is none of that kind."""
        row = await self.fetchrow(resources.READ, uuid=uuid)
        if row is None:
            raise UnknownId(uuid)
        if row["kind"] != kind:
            raise WrongKind(kind, uuid)
        return resource_of(self.catalog, row)

    async def hold(self, kind: str, uuid: str, needed: int = 0, *, leaving: bool = False) -> Resource:
        """
        The object as it is now; no other write changes it before this transaction ends, or all of this is done again. A caller who asks
        for it must have what is `needed` of READ, WRITE and LINK; the server itself needs nothing. `leaving` reads what is around it too.

        Its row is locked before the next statement of the transaction. Where that is the only one that writes the lock is left out: the
        statement changes the object only if it still is as it was read (decision 0014).
        """
        found = await self.hold_any(uuid, leaving=leaving)
        if found is None:
            raise UnknownId(uuid)
        if found.kind.name != kind:
            raise WrongKind(kind, uuid)
        return self.permitted(needed, found) if needed else found

    async def hold_any(self, uuid: str, *, leaving: bool = False) -> Resource | None:
        """The same for an object of whatever kind; None when there is none."""
        if self.connection.again or self.connection.transaction:
            await self.lock([uuid])
        row = await self.fetchrow(resources.LEAVING if leaving else resources.READ, uuid=uuid)
        if row is None:
            return None
        found = resource_of(self.catalog, row)
        if uuid not in self._locked | self.made:
            self._held = Held(found, around_of(row) if leaving else None)
        return found

    async def around(self, uuid: str) -> Around:
        """Children of an object, and whose refs point to it."""
        if self._held and self._held.one.uuid == uuid and self._held.around and not (self._waits or self._change):
            return self._held.around
        return around_of(await self.fetchrow(resources.AROUND, uuid=uuid))

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
        if wanted := set(uuids) - self._locked - self.made:
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
