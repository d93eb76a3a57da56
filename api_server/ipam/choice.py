"""Which subnets of a network a wish is about, and the address it gets (contract 4.4, 4.5)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from api_server.errors import AddressInUse, AddressOutside, ApiError, BadRequest, SubnetExhausted
from api_server.ipam.addresses import OBJECT, Held, allocate, allocate_ahead, claim, claim_ahead
from api_server.ipam.freelist import Session
from api_server.ipam.links import keep_links
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
    return _of_family(subnets, wish.family)


def _of_family(subnets: Iterable[Subnet], family: str | None) -> tuple[Subnet, ...]:
    return tuple(one for one in subnets if family in (None, f"v{one.cidr.version}"))


async def choose(session: Session, network: NetworkSubnets, wish: Wish, owner: str) -> Held:
    """Hold an address for an object as it wishes, or raise why not. The gateway may be asked for any number of times and is not held."""
    subnets = await _kept(session, network, subnets_for(network, wish))
    if wish.address is None:
        return await _first_free(session, network, subnets, owner)
    home = _home(network, subnets, wish.address)
    if wish.address != home.gateway:
        await claim_in(session, home, wish.address, owner)
    return Held(home, wish.address)


def first_choice(network: NetworkSubnets, wish: Wish) -> Subnet | None:
    """The subnet where `choose` looks first, if all that it does there is to draw or to claim one address; raises what is wrong."""
    subnets = subnets_for(network, wish)
    if network.flat or not subnets:
        return None
    if wish.address is not None:
        home = _home(network, subnets, wish.address)
        return home if home.gives(wish.address) else None
    # PostgreSQL and Python write ::a00:1, the IPv4 address in it, in different ways.
    return subnets[0] if subnets[0].cidr.version == 4 or int(subnets[0].first) >> 112 else None


async def choose_ahead(session: Session, wishes: Iterable[tuple[NetworkSubnets, Wish, str]]) -> None:
    """Hold for each owner what `choose` will be asked for, wherever it is the same in whichever order they are served."""
    drawing: dict[tuple[Subnet, ...], list[str]] = {}
    claiming: dict[Subnet, dict[str, Address]] = {}
    known: dict[Any, tuple[Subnet, ...]] = {}
    for network, wish, owner in wishes:
        with suppress(ApiError):
            # What is wrong with a wish is said when its turn comes.
            like = network.uuid, wish.subnet, wish.family, wish.address is None
            if like not in known:
                known[like] = tuple(await _kept(session, network, subnets_for(network, wish)))
            if wish.address is None:
                drawing.setdefault(known[like], []).append(owner)
            else:
                claiming.setdefault(_home(network, known[like], wish.address), {})[owner] = wish.address
    # Who draws where another claims, or from some of the same subnets, is served in turn.
    sought = Counter(one.uuid for subnets in [*drawing, *((home,) for home in claiming)] for one in subnets)
    for subnets, owners in drawing.items():
        if all(sought[one.uuid] == 1 for one in subnets):
            await allocate_ahead(session, subnets, owners)
    for home, wanted in claiming.items():
        if sought[home.uuid] == 1:
            await claim_ahead(session, home, wanted)


async def choose_in_pool(session: Session, network: NetworkSubnets, listed: Iterable[object], wish: Wish, owner: str) -> Held:
    """Hold an address for a floating or alias ip, or raise why not: of the subnets that its pool lists, in that order, or of any of the
    network when it lists none. The gateway is not given (contract 3.4 floating-ip).
    """
    wanted = [uuid for uuid in listed if uuid]
    known = [one for uuid in wanted for one in (*network.flat, *network.own) if uuid in (one.uuid, network.shown_uuid(one))]
    subnets = await _kept(session, network, _of_family(known, wish.family) if wanted else subnets_for(network, wish))
    if wish.address is None:
        return await _first_free(session, network, subnets, owner)
    home = _home(network, subnets, wish.address)
    await claim_in(session, home, wish.address, owner)
    return Held(home, wish.address)


async def _kept(session: Session, network: NetworkSubnets, subnets: Sequence[Subnet]) -> Sequence[Subnet]:
    """Without the flat subnets that the network has just left; it does not leave the others before this transaction ends (contract 4.6)."""
    flat = {one.space for one in subnets if one in network.flat}
    if not flat:
        return subnets
    left = flat - await keep_links(session, network.uuid, flat)
    return [one for one in subnets if one.space not in left]


async def _first_free(session: Session, network: NetworkSubnets, subnets: Sequence[Subnet], owner: str) -> Held:
    held = await allocate(session, subnets, owner)
    if not held:
        raise SubnetExhausted(network.fq_name, [one.cidr for one in subnets])
    return held[0]


def _home(network: NetworkSubnets, subnets: Sequence[Subnet], address: Address) -> Subnet:
    home = next((one for one in subnets if one.contains(address)), None)
    if home is None:
        raise AddressOutside(address, network.fq_name, [one.cidr for one in subnets])
    return home


async def claim_in(session: Session, home: Subnet, wanted: Address, owner: str, purpose: str = OBJECT) -> None:
    """Hold this address of the subnet, or raise why not."""
    if not home.aligned(wanted):
        message = f"address {wanted} is not a multiple of the alloc_unit {home.alloc_unit} of {home.cidr}"
        raise BadRequest(message, address=str(wanted), subnet=home.uuid)
    if not await claim(session, home, wanted, owner, purpose=purpose):
        raise AddressInUse(wanted)
