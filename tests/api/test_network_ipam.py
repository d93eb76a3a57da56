"""What a network-ipam does beyond being stored: flat address spaces and settings that ports rely on (contract 3.4, 4.1, 4.6)."""

import asyncio

import pytest

from tests.contract.world import Document, World, subnet, subnets_of

FLAT = "flat-subnet"


async def flat_ipam(world: World, *cidrs: str | Document, name: str = "flat") -> Document:
    """A flat ipam with these subnets, as GET shows it."""
    entries = [subnet(each) if isinstance(each, str) else each for each in cidrs]
    made = await world.create("network-ipam", name, ipam_subnet_method=FLAT, ipam_subnets={"subnets": entries})
    return await world.read("network-ipam", made["uuid"])


def flat_link(*ipams: Document) -> list[Document]:
    return [{"to": ipam["fq_name"], "attr": {"ipam_subnets": []}} for ipam in ipams]


async def flat_network(world: World, name: str, *ipams: Document) -> Document:
    return await world.network(name, network_ipam_refs=flat_link(*ipams), virtual_network_properties={"forwarding_mode": "l3"})


async def grow(world: World, ipam: Document, *cidrs: str | Document) -> tuple[int, str]:
    entries = [subnet(each) if isinstance(each, str) else each for each in cidrs]
    response = await world.put("network-ipam", ipam["uuid"], ipam_subnets={"subnets": entries})
    return response.status_code, response.text


async def test_a_flat_ipam_shows_gateway_and_service_address_but_no_uuid(world: World) -> None:
    ipam = await flat_ipam(world, "10.1.1.0/24")

    (entry,) = ipam["ipam_subnets"]["subnets"]

    assert (entry["default_gateway"], entry["dns_server_address"]) == ("10.1.1.254", "10.1.1.253")
    assert "subnet_uuid" not in entry


async def test_objects_show_the_uuid_of_their_networks_link(world: World) -> None:
    ipam = await flat_ipam(world, "10.1.1.0/24")
    one, two = await flat_network(world, "x", ipam), await flat_network(world, "y", ipam)

    first, second = await world.address(one), await world.address(two)

    assert [held["instance_ip_address"] for held in (first, second)] == ["10.1.1.252", "10.1.1.251"]
    assert [held["subnet_uuid"] for held in (first, second)] == [subnets_of(one)[0]["subnet_uuid"], subnets_of(two)[0]["subnet_uuid"]]
    assert subnets_of(one) == [{"subnet_uuid": first["subnet_uuid"]}]
    assert first["subnet_uuid"] != second["subnet_uuid"]


async def test_a_flat_link_keeps_its_uuid_when_the_whole_document_comes_back(world: World) -> None:
    ipam = await flat_ipam(world, "10.1.1.0/24")
    network = await flat_network(world, "x", ipam)

    await world.update("virtual-network", network["uuid"], network_ipam_refs=network["network_ipam_refs"])
    await world.update("virtual-network", network["uuid"], network_ipam_refs=flat_link(ipam))

    assert subnets_of(await world.read("virtual-network", network["uuid"])) == subnets_of(network)


@pytest.mark.parametrize(
    "body",
    [{"ipam_subnets": {"subnets": [subnet("10.1.1.0/24")]}}, {"ipam_subnetting": True}],
    ids=["subnets", "subnetting"],
)
async def test_flat_things_go_only_with_the_flat_method(world: World, body: Document) -> None:
    assert (await world.post("network-ipam", "i", **body)).status_code == 400
    assert (await world.post("network-ipam", "i", ipam_subnet_method=FLAT, **body)).status_code == 200


async def test_the_method_stays(world: World) -> None:
    ipam = await flat_ipam(world, "10.1.1.0/24")

    assert (await world.put("network-ipam", ipam["uuid"], ipam_subnet_method="user-defined-subnet")).status_code == 400
    assert (await world.put("network-ipam", ipam["uuid"], ipam_subnetting=True)).status_code == 400
    await world.update("network-ipam", ipam["uuid"], ipam_subnet_method=None)
    assert (await world.read("network-ipam", ipam["uuid"]))["ipam_subnet_method"] == FLAT


async def test_a_network_brings_no_subnets_to_a_flat_ipam(world: World) -> None:
    ipam = await flat_ipam(world, "10.1.1.0/24")
    refs = [{"to": ipam["fq_name"], "attr": {"ipam_subnets": [subnet("10.2.0.0/24")]}}]

    response = await world.post("virtual-network", "x", network_ipam_refs=refs, virtual_network_properties={"forwarding_mode": "l3"})

    assert response.status_code == 400


async def test_a_network_with_a_flat_ipam_stays_routed(world: World) -> None:
    network = await flat_network(world, "x", await flat_ipam(world, "10.1.1.0/24"))

    response = await world.put("virtual-network", network["uuid"], virtual_network_properties={"forwarding_mode": "l2"})

    assert response.status_code == 400


async def test_a_flat_ipam_does_not_grow_into_a_network_that_uses_it(world: World) -> None:
    ipam = await flat_ipam(world, "10.1.1.0/24")
    own = await world.create("network-ipam", "own")
    refs = [*flat_link(ipam), {"to": own["fq_name"], "attr": {"ipam_subnets": [subnet("10.2.0.0/16")]}}]
    await world.create("virtual-network", "x", network_ipam_refs=refs, virtual_network_properties={"forwarding_mode": "l3"})

    status, text = await grow(world, ipam, "10.1.1.0/24", "10.2.3.0/24")

    assert status == 400
    assert text.startswith("Overlapping addresses")
    assert (await grow(world, ipam, "10.1.1.0/24", "10.3.0.0/24"))[0] == 200
    assert (await grow(world, ipam, "10.1.1.0/24", "10.1.0.0/16"))[0] == 400


async def test_a_network_does_not_link_a_flat_ipam_that_overlaps_its_subnets(world: World) -> None:
    one, two = await flat_ipam(world, "10.1.1.0/24"), await flat_ipam(world, "10.1.0.0/16", name="wide")

    response = await world.post(
        "virtual-network", "x", network_ipam_refs=flat_link(one, two), virtual_network_properties={"forwarding_mode": "l3"}
    )

    assert response.status_code == 400
    assert response.text.startswith("Overlapping addresses")


async def test_a_flat_subnet_in_use_stays_and_so_does_its_gateway(world: World) -> None:
    ipam = await flat_ipam(world, "10.1.1.0/24", "10.2.0.0/24")
    network = await flat_network(world, "x", ipam)
    held, on_gateway = await world.address(network), await world.address(network, instance_ip_address="10.2.0.254")

    assert (await grow(world, ipam, "10.2.0.0/24"))[1] == "Cannot Delete IP Block, IP(10.1.1.252) is in use"
    assert (await grow(world, ipam, "10.1.1.0/24"))[1] == "Cannot Delete IP Block, IP(10.2.0.254) is in use"
    status, text = await grow(world, ipam, subnet("10.1.1.0/24", default_gateway="10.1.1.1"), "10.2.0.0/24")
    assert (status, "default gateway change is not allowed orig:10.1.1.254, new: 10.1.1.1" in text) == (400, True)
    for each in (held, on_gateway):
        await world.delete("instance-ip", each["uuid"])

    assert (await grow(world, ipam, "10.2.0.0/24"))[0] == 200


async def test_a_network_does_not_leave_a_flat_ipam_whose_addresses_it_holds(world: World) -> None:
    ipam = await flat_ipam(world, "10.1.1.0/24")
    one, two = await flat_network(world, "x", ipam), await flat_network(world, "y", ipam)
    await world.address(one)

    left = await world.put("virtual-network", one["uuid"], network_ipam_refs=[])

    assert (left.status_code, left.text) == (409, "Cannot Delete IP Block, IP(10.1.1.252) is in use")
    assert (await world.put("virtual-network", two["uuid"], network_ipam_refs=[])).status_code == 200


@pytest.mark.parametrize(
    ("before", "after", "status"),
    [
        ("default-dns-server", "virtual-dns-server", 200),
        ("default-dns-server", "tenant-dns-server", 400),
        ("virtual-dns-server", None, 400),
        ("tenant-dns-server", "default-dns-server", 400),
        (None, "default-dns-server", 400),
        ("none", "tenant-dns-server", 200),
    ],
)
async def test_dns_stays_where_ports_were_told_it_is(world: World, before: str | None, after: str | None, status: int) -> None:
    start: Document = {"network_ipam_mgmt": {"ipam_dns_method": before} if before else None}
    ipam = await world.create("network-ipam", "i", **start)
    network = await world.network("a", network_ipam_refs=[{"to": ipam["fq_name"], "attr": {"ipam_subnets": []}}])
    change: Document = {"network_ipam_mgmt": {"ipam_dns_method": after} if after else None}
    assert (
        await world.put("network-ipam", ipam["uuid"], network_ipam_mgmt={"ipam_dns_method": before} if before else None)
    ).status_code == 200
    await world.interface(network, "port")

    assert (await world.put("network-ipam", ipam["uuid"], **change)).status_code == status


async def test_an_ipam_in_use_stays(world: World) -> None:
    ipam = await flat_ipam(world, "10.1.1.0/24")
    network = await flat_network(world, "x", ipam)

    assert (await world.delete("network-ipam", ipam["uuid"])).status_code == 409
    await world.delete("virtual-network", network["uuid"])
    assert (await world.delete("network-ipam", ipam["uuid"])).status_code == 200


# --- what a network leaves behind in a flat ipam ---


async def reserved_all(world: World, ipam: Document, name: str) -> Document:
    """A network that has taken all four addresses of the flat ipam's /29 by ip-alloc."""
    network = await flat_network(world, name, ipam)
    taken = await world.action(f"virtual-network/{network['uuid']}/ip-alloc", count=4)
    assert taken.json() == {"ip_addr": ["10.9.0.4", "10.9.0.3", "10.9.0.2", "10.9.0.1"]}
    return network


async def test_a_deleted_network_leaves_no_reservation_in_a_flat_ipam(world: World) -> None:
    ipam = await flat_ipam(world, "10.9.0.0/29")
    network = await reserved_all(world, ipam, "a")

    assert (await world.delete("virtual-network", network["uuid"])).status_code == 200
    await reserved_all(world, ipam, "b")


async def test_a_network_that_leaves_a_flat_ipam_leaves_no_reservation_there(world: World) -> None:
    ipam = await flat_ipam(world, "10.9.0.0/29")
    network = await reserved_all(world, ipam, "a")

    await world.update("virtual-network", network["uuid"], network_ipam_refs=[])
    other = await reserved_all(world, ipam, "b")
    await world.update("virtual-network", other["uuid"], network_ipam_refs=[])

    assert (await world.delete("network-ipam", ipam["uuid"])).status_code == 200


async def test_a_flat_ipam_that_nobody_refers_to_stays_while_an_object_has_its_address(world: World) -> None:
    pools = [{"start": "10.9.0.10", "end": "10.9.0.12", "vrouter_specific_pool": True}]
    ipam = await flat_ipam(world, subnet("10.9.0.0/24", allocation_pools=pools))
    link = [{"uuid": ipam["uuid"], "attr": {"allocation_pools": [{"start": "10.9.0.10", "end": "10.9.0.12"}]}}]
    name = ["default-global-system-config", f"router-{world.domain}"]
    document = {"fq_name": name, "parent_type": "global-system-config", "network_ipam_refs": link}
    router = (await world.api.post("/virtual-routers", json={"virtual-router": document})).json()["virtual-router"]
    held = await world.create("instance-ip", "i", virtual_router_refs=[{"uuid": router["uuid"]}])
    await world.update("virtual-router", router["uuid"], network_ipam_refs=[])

    refused = await world.delete("network-ipam", ipam["uuid"])
    await world.delete("instance-ip", held["uuid"])

    assert (refused.status_code, refused.text) == (409, "Cannot Delete IP Block, IP(10.9.0.12) is in use")
    assert (await world.delete("network-ipam", ipam["uuid"])).status_code == 200


# --- two flat ipams of one network ---


async def of_one_network(world: World, count: int) -> list[Document]:
    """So many flat ipams, the first with 10.8.0.0/24, and one network that uses them all."""
    ipams = [await flat_ipam(world, f"10.8.{number}.0/24", name=f"flat-{number}") for number in range(count)]
    await flat_network(world, "n", *ipams)
    return ipams


async def test_a_flat_ipam_does_not_grow_into_another_of_its_network(world: World) -> None:
    _, two = await of_one_network(world, 2)

    status, text = await grow(world, two, "10.8.1.0/24", "10.8.0.0/25")

    assert (status, "Overlapping addresses" in text) == (400, True)


async def test_of_many_ipams_of_one_network_that_grow_into_one_prefix_one_does(world: World) -> None:
    ipams = await of_one_network(world, 8)
    grown = {number: [f"10.8.{number}.0/24"] for number in range(8)}

    # The first round opens the connections that let the others meet.
    for prefix in ("10.7.0.0/24", "10.7.1.0/24", "10.7.2.0/24"):
        answers = await asyncio.gather(*(grow(world, ipam, *grown[number], prefix) for number, ipam in enumerate(ipams)))
        winners = [number for number, (status, _) in enumerate(answers) if status == 200]
        for number in winners:
            grown[number].append(prefix)

        assert sorted(status for status, _ in answers) == [200] + [400] * 7, answers
