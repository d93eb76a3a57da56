"""Who holds which address, as the database says, beside what the API shows."""

from collections import Counter

import asyncpg

from tests.contract.world import Document, World


async def held_addresses(database_url: str, space: str) -> Counter[str]:
    """The addresses that objects hold in a space, with how often."""
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch("SELECT host(ip) AS ip FROM address WHERE space = $1::uuid AND purpose = 'object'", space)
    finally:
        await connection.close()
    return Counter(row["ip"] for row in rows)


async def shown_addresses(world: World, network: Document) -> Counter[str]:
    """The addresses that the instance-ips of a network show, with how often."""
    listed = await world.listed("instance-ip", back_ref_id=network["uuid"], fields="instance_ip_address")
    return Counter(entry["instance_ip_address"] for entry in listed)
