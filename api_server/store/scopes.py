"""Objects of one project and objects of all: what is everyone's may not rest on what is one project's (contract 3.4 firewall family)."""

from typing import Any, Protocol

import asyncpg
from sqlalchemy import and_, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from api_server.errors import InvalidResource
from api_server.model.resource import FqName, Resource, ref_name
from api_server.store.statements import Statement
from api_server.store.tables import resource

POLICIES = "policy-management"
IN_PROJECTS = Statement(
    select(resource.c.kind, resource.c.fq_name)
    .where(
        resource.c.uuid == func.any(bindparam("uuids", type_=ARRAY(UUID(as_uuid=False)))),
        or_(resource.c.parent_kind == "project", and_(resource.c.parent_kind == POLICIES, func.cardinality(resource.c.fq_name) > 2)),
    )
    .order_by(resource.c.kind, resource.c.fq_name)
)


class Session(Protocol):
    """A transaction in which statements run."""

    async def fetch(self, statement: Statement, **given: Any) -> list[asyncpg.Record]:
        """The rows of a statement."""


def project_of(one: Resource) -> FqName | None:
    """The project that a firewall object or a policy-management is in, however deep; None if it is everyone's."""
    return one.fq_name[:2] if len(one.fq_name) > 2 else None


async def refuse_refs_into_projects(session: Session, old: Resource | None, new: Resource) -> None:
    """Raise InvalidResource where an object of all projects would come to refer to one of a single project."""
    if project_of(new) is not None:
        return
    before = {ref.uuid for refs in old.refs.values() for ref in refs} if old else set()
    added = {ref.uuid for refs in new.refs.values() for ref in refs} - before
    found = await session.fetch(IN_PROJECTS, uuids=sorted(added)) if added else []
    if found:
        mine = ":".join(new.fq_name)
        problems = [f"{ref_name(row['kind'])}: {':'.join(row['fq_name'])} is of one project, {mine} of all" for row in found]
        raise InvalidResource(new.kind.name, problems)
