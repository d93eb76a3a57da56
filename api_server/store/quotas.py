"""What a project has of a kind, and what it may have, in statements (contract 3.4 project)."""

from typing import Any

from sqlalchemy import BigInteger, Select, Text, and_, bindparam, case, cast, func, literal_column, select
from sqlalchemy.dialects.postgresql import UUID

from api_server.model.kind import Kind
from api_server.model.quota import BELOW_CHILDREN, charged_by_ref
from api_server.store.statements import Statement, beside
from api_server.store.tables import reference, resource

_UUID = UUID(as_uuid=False)
_PROJECT = bindparam("project", type_=_UUID)
_of_project = select(resource.c.properties["quota"].label("quota")).where(resource.c.uuid == _PROJECT, beside(resource.c.kind == "project"))
QUOTA = Statement(_of_project)
# Who creates what is limited takes turns; all others pass.
HOLD = Statement(_of_project.with_for_update(key_share=True))

_above = resource.alias("above")
_first = and_(reference.c.source == resource.c.uuid, reference.c.position == 0)


def _counting() -> Select[Any]:
    return select(func.count()).select_from(resource).where(resource.c.kind == bindparam("kind"), resource.c.user_visible)


BY_PARENT = Statement(_counting().where(resource.c.parent == _PROJECT))
BY_GRANDPARENT = Statement(_counting().join(_above, _above.c.uuid == resource.c.parent).where(_above.c.parent == _PROJECT))
BY_REF = Statement(_counting().join(reference, _first).where(reference.c.target == _PROJECT))
BY_NETWORK = Statement(
    _counting()
    .join(reference, _first)
    .join(_above, and_(_above.c.uuid == reference.c.target, _above.c.kind == "virtual-network"))
    .where(_above.c.parent == _PROJECT)
)


def counting(kind: Kind) -> Statement:
    """The statement that counts what is charged to a project as objects of this kind are."""
    if kind.name == "instance-ip":
        return BY_NETWORK
    if charged_by_ref(kind):
        return BY_REF
    return BY_GRANDPARENT if kind.name in BELOW_CHILDREN else BY_PARENT


_rules = resource.c.properties["security_group_entries"]["policy_rule"]
_how_many = case((func.jsonb_typeof(_rules) == "array", func.jsonb_array_length(_rules)), else_=literal_column("0"))
# The rules of a project's security groups but one.
OTHER_RULES = Statement(
    select(func.coalesce(cast(func.sum(_how_many), BigInteger), literal_column("0"))).where(
        resource.c.parent == _PROJECT,
        resource.c.kind == "security-group",
        resource.c.user_visible,
        resource.c.uuid != bindparam("but", type_=_UUID),
    )
)
PROJECT_OF = Statement(select(cast(resource.c.parent, Text).label("project")).where(resource.c.uuid == bindparam("network", type_=_UUID)))
