"""A type of tags has a number that begins the ids of its tags (contract 3.4 tag-type, tag)."""

from typing_extensions import override

from api_server.errors import Immutable, InvalidResource
from api_server.ipam.numbers import claim_number, draw_number
from api_server.ipam.tags import ASKED, TYPE_IDS
from api_server.model.resource import Resource
from api_server.model.tags import read_hex, type_id_text
from api_server.transaction import Hooks, Transaction

ID = "tag_type_id"


class TagType(Hooks):
    """Draws the number, or takes the one that was asked for in the range where callers may."""

    @override
    async def before_create(self, tx: Transaction, new: Resource) -> None:
        if new.properties.get(ID) and not tx.privileged:
            await _take(tx, new)
        else:
            await _number(tx, new)

    @override
    async def before_update(self, tx: Transaction, old: Resource, new: Resource) -> None:
        # Null leaves the number (contract 2.7).
        if ID in old.properties:
            new.properties.setdefault(ID, old.properties[ID])
        if new.properties.get(ID) != old.properties.get(ID):
            message = f"{ID} can not be changed from {old.properties.get(ID)} to {new.properties.get(ID)}"
            raise Immutable(ID, message)
        if tx.privileged:
            await _number(tx, new)


async def _take(tx: Transaction, new: Resource) -> None:
    said = new.properties[ID]
    number = read_hex(said)
    if number is None or number not in ASKED:
        raise InvalidResource(new.kind.name, [f"{ID}: {said!r} is not between {ASKED.start:#06x} and {ASKED.stop - 1:#06x}"])
    if not await claim_number(tx, TYPE_IDS, number, new.uuid):
        raise InvalidResource(new.kind.name, [f"{ID}: {said} is another tag-type's"])
    new.properties[ID] = type_id_text(number)


async def _number(tx: Transaction, new: Resource) -> None:
    """The number that it shows, if nobody has it, as of what bootstrap makes or an older server stored; else the lowest free one."""
    number = read_hex(new.properties.get(ID))
    if number is None or number >= ASKED.stop or not await claim_number(tx, TYPE_IDS, number, new.uuid):
        number = await draw_number(tx, TYPE_IDS, new.uuid)
    new.properties[ID] = type_id_text(number)
