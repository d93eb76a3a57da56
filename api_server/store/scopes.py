"""Objects of one project and objects of all: what is everyone's may not rest on what is one project's (contract 3.4 firewall family)."""

import uuid as uuids

from sqlalchemy import and_, bindparam, cast, func, or_, select, union_all
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from api_server.errors import InvalidResource
from api_server.model.resource import FqName, Resource, ref_name
from api_server.store.session import Session
from api_server.store.statements import Statement
from api_server.store.tables import resource

PROJECT, POLICIES = "project", "policy-management"
IN_PROJECTS = Statement(
    select(resource.c.kind, resource.c.fq_name)
    .where(
        resource.c.uuid == func.any(bindparam("uuids", type_=ARRAY(UUID(as_uuid=False)))),
        or_(resource.c.parent_kind == PROJECT, and_(resource.c.parent_kind == POLICIES, func.cardinality(resource.c.fq_name) > 2)),
    )
    .order_by(resource.c.kind, resource.c.fq_name)
)
_above = (
    select(resource.c.kind, resource.c.fq_name, resource.c.parent).where(resource.c.uuid == bindparam("uuid")).cte("above", recursive=True)
)
_above = _above.union_all(select(resource.c.kind, resource.c.fq_name, resource.c.parent).join(_above, resource.c.uuid == _above.c.parent))
_owner = resource.c.uuid == cast(bindparam("owner"), UUID(as_uuid=False))
PROJECT_OF = Statement(
    union_all(
        select(_above.c.fq_name).where(_above.c.kind == PROJECT), select(resource.c.fq_name).where(resource.c.kind == PROJECT, _owner)
    ).limit(1)
)


def project_of(one: Resource) -> FqName | None:
    """The project that a firewall object or a policy-management is in, however deep; None if it is everyone's."""
    return one.fq_name[:2] if len(one.fq_name) > 2 else None


async def read_project_of(session: Session, one: Resource) -> FqName | None:
    """The project that any object is, is below, or is owned by; None if there is none."""
    rows = await session.fetch(PROJECT_OF, uuid=one.uuid, owner=_uuid(one.perms.owner))
    return tuple(rows[0]["fq_name"]) if rows else None


def _uuid(owner: str) -> str | None:
    """An owner is a project's uuid with or without dashes, or a name that is none (contract 2.4)."""
    try:
        return str(uuids.UUID(owner))
    except ValueError:
        return None


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
