"""Objects that documents name in text: looked up all at once, with the ids that tags and their types carry."""

from collections.abc import Collection

import asyncpg
from sqlalchemy import Text, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA

from api_server.model.resource import FqName, digest
from api_server.store.session import Session
from api_server.store.statements import Statement
from api_server.store.tables import resource

Name = tuple[str, FqName]

NAMED = Statement(
    select(
        cast(resource.c.uuid, Text).label("uuid"),
        resource.c.kind,
        resource.c.fq_name,
        resource.c.properties["tag_id"].astext.label("tag_id"),
        resource.c.properties["tag_type_id"].astext.label("tag_type_id"),
    ).where(
        resource.c.kind == func.any(bindparam("kinds", type_=ARRAY(Text))),
        resource.c.name_digest == func.any(bindparam("digests", type_=ARRAY(BYTEA))),
    )
)


async def read_named(session: Session, names: Collection[Name]) -> dict[Name, asyncpg.Record]:
    """The objects that have these names: uuid, kind, fq_name, tag_id, tag_type_id; who has none is missing."""
    if not names:
        return {}
    kinds, digests = {kind for kind, _ in names}, {digest(fq_name) for _, fq_name in names}
    rows = await session.fetch(NAMED, kinds=sorted(kinds), digests=sorted(digests))
    return {(row["kind"], tuple(row["fq_name"])): row for row in rows}
