"""The numbers of tags and of their types, and what the rules of both ask of other rows (contract 3.4 tag-type, tag)."""

from sqlalchemy import Text, and_, bindparam, cast, exists, literal_column, or_, select

from api_server.ipam.numbers import NumberPool
from api_server.ipam.tables import number
from api_server.store.statements import Statement
from api_server.store.tables import reference, resource

# What callers may ask for themselves, of types and of values; the server draws below.
ASKED = range(32768, 65536)
# The first seven are the predefined types'.
TYPE_IDS = NumberPool("tag-type-id", 7, ASKED.start - 1)
_VALUE_IDS = "tag-id:"

ANOTHER_TAG = Statement(
    select(literal_column("1"))
    .select_from(reference.join(resource, resource.c.uuid == reference.c.source))
    .where(reference.c.target == bindparam("tag_type"), reference.c.source != bindparam("tag"), resource.c.kind == "tag")
    .limit(1)
)
# Types first: a tag's id begins with its type's. A tag without type and value has no place among the others.
_said = [resource.c.properties[name].astext.is_not(None) for name in ("tag_type_name", "tag_value")]
UNNUMBERED = Statement(
    select(cast(resource.c.uuid, Text).label("uuid"), resource.c.kind)
    .where(
        or_(resource.c.kind == "tag-type", and_(resource.c.kind == "tag", *_said)),
        ~exists().where(number.c.owner == resource.c.uuid),
    )
    .order_by(resource.c.kind.desc(), resource.c.created, resource.c.uuid)
)


def value_ids(type_name: str) -> NumberPool:
    """The numbers of one type's values."""
    return NumberPool(f"{_VALUE_IDS}{type_name}", 1, ASKED.start - 1)


def numbers_tags(pool: str) -> bool:
    """Whether the pool of that name is, or will be, one of these: their rows come with the first draw."""
    return pool == TYPE_IDS.name or pool.startswith(_VALUE_IDS)
