"""Which subnets of a network a wish is about, and the address it gets (contract 4.4, 4.5)."""

from collections.abc import Sequence
from dataclasses import dataclass

from api_server.errors import AddressInUse, AddressOutside, BadRequest, SubnetExhausted
from api_server.ipam.addresses import OBJECT, Held, allocate, claim
from api_server.ipam.freelist import Session
from api_server.ipam.subnet import Address, Subnet
from api_server.ipam.subnets import NetworkSubnets


@dataclass(frozen=True)
class Wish:
    """What a caller asks of a network: an address, a subnet, a family ("v4", "v6"), or nothing of these."""

    address: Address | None = None
    subnet: str | None = None
    family: str | None = None


def subnets_for(network: NetworkSubnets, wish: Wish) -> tuple[Subnet, ...]:
    """The subnets to try in turn; where an address or a subnet is asked for, flat ones first whatever the mode (contract 4.4)."""
    if wish.subnet is None and wish.address is None:
        subnets: Sequence[Subnet] = network.preferred()
    else:
        subnets = (*network.flat, *network.own)
    if wish.subnet is not None:
        subnets = [one for one in subnets if wish.subnet in (one.uuid, network.shown_uuid(one))]
        if not subnets:
            message = f"Virtual-Network({list(network.fq_name)}) has invalid subnet({wish.subnet})"
            raise BadRequest(message, field="subnet_uuid", subnet=wish.subnet)
    return tuple(one for one in subnets if wish.family in (None, f"v{one.cidr.version}"))


async def choose(session: Session, network: NetworkSubnets, wish: Wish, owner: str) -> Held:
    """Hold an address for an object as it wishes, or raise why not. The gateway may be asked for any number of times and is not held."""
    subnets = subnets_for(network, wish)
    if wish.address is None:
        held = await allocate(session, subnets, owner)
        if not held:
            raise SubnetExhausted(network.fq_name, [one.cidr for one in subnets])
        return held[0]
    home = next((one for one in subnets if one.contains(wish.address)), None)
    if home is None:
        raise AddressOutside(wish.address, network.fq_name, [one.cidr for one in subnets])
    if wish.address != home.gateway:
        await claim_in(session, home, wish.address, owner)
    return Held(home, wish.address)


async def claim_in(session: Session, home: Subnet, wanted: Address, owner: str, purpose: str = OBJECT) -> None:
    """Hold this address of the subnet, or raise why not."""
    if not home.aligned(wanted):
        message = f"instance_ip_address {wanted} is not a multiple of the alloc_unit {home.alloc_unit} of {home.cidr}"
        raise BadRequest(message, address=str(wanted), subnet=home.uuid)
    if not await claim(session, home, wanted, owner, purpose=purpose):
        raise AddressInUse(wanted)
