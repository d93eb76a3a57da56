"""A tag is a value of a type: the two make its name and its id (contract 3.4 tag)."""

from typing_extensions import override

from api_server.errors import AlreadyExists, Immutable, InvalidResource
from api_server.ipam.numbers import claim_number, draw_number
from api_server.ipam.tags import ANOTHER_TAG, ASKED, value_ids
from api_server.model.names import check_name
from api_server.model.resource import Identity, Link, Resource, new_uuid
from api_server.model.tags import read_hex, tag_id_text, tag_name, type_id_text
from api_server.store.named import read_named
from api_server.store.resources import link_of
from api_server.transaction import Hooks, Transaction

TYPE, VALUE, ID, DISPLAY, REFS = "tag_type_name", "tag_value", "tag_id", "display_name", "tag_type_refs"
TAG, TAG_TYPE, TYPE_ID = "tag", "tag-type", "tag_type_id"


class Tag(Hooks):
    """Names and numbers a tag, makes its type on demand, and lets the type go with its last tag."""

    @override
    def name(self, new: Resource) -> None:
        problems = [f"{name}: it is missing, a tag has a type and a value" for name in (TYPE, VALUE) if not new.properties.get(name)]
        if not problems and "=" in new.properties[TYPE]:
            problems.append(f"{TYPE}: {new.properties[TYPE]!r} has a '=', which ends the type in the name of a tag")
        if problems:
            raise InvalidResource(new.kind.name, problems)
        new.fq_name = (*new.fq_name[:-1], tag_name(new.properties[TYPE], new.properties[VALUE]))
        check_name(new.kind.name, new.fq_name)
        if DISPLAY not in new.given:
            new.properties[DISPLAY] = new.name

    @override
    async def before_create(self, tx: Transaction, new: Resource) -> None:
        if new.refs_to(TAG_TYPE):
            raise InvalidResource(new.kind.name, [f"{REFS}: the server refers to the type itself, {TYPE} names it"])
        await _identify(tx, new)

    @override
    async def before_update(self, tx: Transaction, old: Resource, new: Resource) -> None:
        for name in (TYPE, VALUE, ID, DISPLAY):
            # Null leaves it (contract 2.7).
            if name in old.properties:
                new.properties.setdefault(name, old.properties[name])
            if old.properties.get(name) != new.properties.get(name):
                message = f"{name} of a tag can not be changed from {old.properties.get(name)!r} to {new.properties.get(name)!r}"
                raise Immutable(name, message)
        if {ref.uuid for ref in old.refs_to(TAG_TYPE)} != {ref.uuid for ref in new.refs_to(TAG_TYPE)}:
            message = f"{REFS} of a tag can not be changed"
            raise Immutable(REFS, message)
        if tx.privileged:
            # What an older server stored has no number yet, and may show one that does not go with its type.
            new.properties.pop(ID, None)
            await _identify(tx, new)

    @override
    async def before_delete(self, tx: Transaction, old: Resource) -> None:
        for ref in old.refs_to(TAG_TYPE):
            if (TAG_TYPE, ref.fq_name) not in tx.world.system:
                # Held until the end: of two that delete the last two tags, one sees the other.
                await tx.lock([ref.uuid])
                if not await tx.fetch(ANOTHER_TAG, tag_type=ref.uuid, tag=old.uuid):
                    await tx.delete(await tx.get(TAG_TYPE, ref.uuid))


async def _identify(tx: Transaction, new: Resource) -> None:
    """Give it its type, which is made if there is none of that name, and the id that follows."""
    asked = _asked(new)
    type_name = new.properties[TYPE].lower()
    tag_type, type_id = await _type_named(tx, type_name, asked)
    if asked is not None and asked >> 16 != read_hex(type_id):
        raise InvalidResource(new.kind.name, [f"{ID}: {new.properties[ID]} does not begin with {type_id}, the id of the type {type_name}"])
    pool = value_ids(type_name)
    value = (asked & 0xFFFF) if asked is not None else await draw_number(tx, pool, new.uuid)
    if asked is not None and not await claim_number(tx, pool, value, new.uuid):
        raise InvalidResource(new.kind.name, [f"{ID}: {new.properties[ID]} is another tag's"])
    new.properties[ID] = tag_id_text(type_id, value)
    new.refs[REFS] = []
    new.refer(tag_type)


def _asked(new: Resource) -> int | None:
    """The id that the caller wants, whose last four digits are in the range where callers may choose."""
    said = new.properties.get(ID)
    if not said:
        return None
    asked = read_hex(said)
    if asked is None or asked & 0xFFFF not in ASKED:
        problem = f"{ID}: {said!r} is no id of a caller's own: its last four digits are {ASKED.start:04x} to {ASKED.stop - 1:04x}"
        raise InvalidResource(new.kind.name, [problem])
    return asked


async def _type_named(tx: Transaction, name: str, asked: int | None) -> tuple[Link, str]:
    """The type of that name with its id; it is made, and hidden, if there is none."""
    key = (TAG_TYPE, (name,))
    while not (found := await read_named(tx, [key])):
        if asked is not None and asked >> 16 not in ASKED:
            problem = f"{ID}: a new type of a caller's own has its first digits from {ASKED.start:#06x} to {ASKED.stop - 1:#06x}"
            raise InvalidResource(TAG, [problem])
        made = Resource(
            kind=tx.catalog[TAG_TYPE],
            uuid=new_uuid(),
            fq_name=(name,),
            properties={DISPLAY: name} | ({TYPE_ID: type_id_text(asked >> 16)} if asked is not None else {}),
            identity=Identity(user_visible=False),
        )
        try:
            await tx.create(made)
        except AlreadyExists:
            # A rival's commit came between the two looks: there is one, or there was.
            tx.known.forget(made)
        else:
            return made.link, made.properties[TYPE_ID]
    return link_of(found[key]), found[key][TYPE_ID]
