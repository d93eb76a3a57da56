"""Quotas: what a write adds to a project is counted in the write's own transaction (contract 3.4 project, 1.4.1 row 14)."""

from collections.abc import Iterable
from typing import Any

import asyncpg
import orjson

from api_server.errors import OverQuota
from api_server.ipam.freelist import Session
from api_server.memory import End
from api_server.model.quota import INSTANCE_IP, Limits, charged_by_ref, project_above
from api_server.model.resource import FqName, Resource
from api_server.store import quotas
from api_server.store.statements import Statement


class Ledger:
    """
    What projects may have and do have, as one transaction comes to know it. A project without a limit costs nothing: its quota came with
    the look-up of names. Where there is a limit its row is locked, so that of two creators the second counts what the first made.
    """

    def __init__(self, limits: Limits | None, session: Session) -> None:
        self._limits = limits
        self._session = session
        self._uuids: dict[FqName, str] = {}
        self._quotas: dict[str, Any] = {}
        self._used: dict[tuple[str, str], int] = {}
        self._exempt: set[str] = set()

    def learn(self, ends: Iterable[End]) -> None:
        """Take note of the projects among these objects."""
        for end in ends:
            if end.kind == "project":
                self._uuids[end.fq_name] = end.uuid
                self._quotas[end.uuid] = end.quota

    def made(self, new: Resource) -> None:
        """Take note of a project that others of its transaction may be below."""
        if new.kind.name == "project":
            self._uuids[new.fq_name] = new.uuid

    def forget(self) -> None:
        """Something was changed or deleted: what was counted may no longer be so."""
        self._quotas.clear()
        self._used.clear()

    def exempt(self, new: Resource) -> None:
        """It will be made even where the quota is used up; it counts all the same."""
        self._exempt.add(new.uuid)

    def wants(self, new: Resource) -> FqName | None:
        """The project to look up beside parent and refs."""
        return project_above(new) if self.counts(new.kind.snake) else None

    async def charge(self, new: Resource) -> None:
        """Count an object that is about to be made; OverQuota when its project may not have it. Hidden objects are not counted."""
        name = new.kind.snake
        if not self.counts(name) or not new.identity.user_visible or new.uuid in self._exempt:
            return
        project = await self._project_of(new)
        if project is None or await self._limit(project, name) < 0:
            return
        if (project, name) not in self._used:
            self._used[project, name] = await self._count(project, quotas.counting(new.kind), kind=new.kind.name)
        await self._admit(project, name, self._used[project, name] + 1)
        self._used[project, name] += 1

    async def charge_parts(self, of: Resource, name: str, before: int, after: int, others: Statement) -> None:
        """Count what is inside an object and limited all over its project; `others` counts it in all objects `but` this one."""
        assert of.parent is not None
        project = of.parent.uuid
        if after <= before or not self.counts(name) or of.uuid in self._exempt or await self._limit(project, name) < 0:
            return
        await self._admit(project, name, await self._count(project, others, but=of.uuid) + after)

    def counts(self, name: str) -> bool:
        """Whether what is of that kind is limited anywhere."""
        return self._limits is not None and name in self._limits.counted

    async def _limit(self, project: str, name: str) -> int:
        assert self._limits is not None
        if project not in self._quotas:
            await self._ask(project, quotas.QUOTA)
        return self._limits.of(name, self._quotas[project])

    async def _ask(self, project: str, statement: Statement) -> None:
        rows = await self._session.fetch(statement, project=project)
        self._quotas[project] = _read(rows[0]) if rows else None

    async def _count(self, project: str, statement: Statement, **given: str) -> int:
        """After its turn has come; the limit may have changed while it waited."""
        await self._ask(project, quotas.HOLD)
        (row,) = await self._session.fetch(statement, project=project, **given)
        count: int = row[0]
        return count

    async def _admit(self, project: str, name: str, count: int) -> None:
        limit = await self._limit(project, name)
        if 0 <= limit < count:
            raise OverQuota(name, limit)

    async def _project_of(self, new: Resource) -> str | None:
        if new.kind.snake == INSTANCE_IP:
            return await self._project_of_network(new)
        if charged_by_ref(new.kind) and (refs := new.refs_to("project")):
            return refs[0].uuid
        if new.parent and new.parent.kind == "project":
            return new.parent.uuid
        name = project_above(new)
        return self._uuids.get(name) if name else None

    async def _project_of_network(self, new: Resource) -> str | None:
        for ref in new.refs_to("virtual-network")[:1]:
            for row in await self._session.fetch(quotas.PROJECT_OF, network=ref.uuid):
                project: str = row["project"]
                return project
        return None


def _read(row: asyncpg.Record) -> Any:
    return orjson.loads(row["quota"]) if row["quota"] else None
