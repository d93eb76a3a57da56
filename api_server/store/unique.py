"""One value of a property for each object of a kind, where the values are few and writes are rare: under a lock, with no row beside."""

import orjson
from sqlalchemy import Text, bindparam, cast, literal_column, select
from sqlalchemy.dialects.postgresql import JSONB, UUID

from api_server.store.session import Session
from api_server.store.statements import Statement
from api_server.store.tables import resource

# Those below which the objects live, all of them: what is below one of them must differ from what is below another, too.
LOCK_PARENTS = Statement(
    select(literal_column("1")).where(resource.c.kind == bindparam("kind")).order_by(resource.c.uuid).with_for_update(key_share=True)
)
HOLDER = Statement(
    select(cast(resource.c.uuid, Text).label("uuid"))
    .where(
        resource.c.kind == bindparam("kind"),
        resource.c.uuid != cast(bindparam("uuid"), UUID(as_uuid=False)),
        resource.c.properties[bindparam("name", type_=Text)] == cast(bindparam("value"), JSONB),
    )
    .limit(1)
)


async def another_with(session: Session, parent_kind: str, kind: str, uuid: str, name: str, value: object) -> str | None:
    """The uuid of another object of the kind whose property has this value; until the transaction ends, none comes to have it."""
    await session.fetch(LOCK_PARENTS, kind=parent_kind)
    rows = await session.fetch(HOLDER, kind=kind, uuid=uuid, name=name, value=orjson.dumps(value).decode())
    return rows[0]["uuid"] if rows else None
