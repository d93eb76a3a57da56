"""An object goes, and with it, in the same statement, all that it held: numbers, addresses, refs."""

from sqlalchemy import bindparam

from api_server.ipam import addresses, numbers
from api_server.ipam.tables import address, number
from api_server.store.resources import WAS_REMOVED, deleting

_numbers = numbers.NUMBERS.releasing((number.c.owner == bindparam("uuid")) & WAS_REMOVED, numbers.returnable)
_addresses = addresses.ADDRESSES.releasing((address.c.owner == bindparam("uuid")) & WAS_REMOVED, addresses.returnable)
# By whether the object may hold addresses. Those of a network are not freed: their subnets go too.
DELETE = {False: deleting(numbers=_numbers), True: deleting(numbers=_numbers, addresses=_addresses)}
