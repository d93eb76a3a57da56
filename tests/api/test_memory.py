"""What a server remembers between requests: it saves look-ups, and what another server changed meanwhile is never passed over."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from api_server.app import create_app
from api_server.settings import Settings
from tests.access.people import People
from tests.contract.world import Document, World, link, subnet

VMI = "virtual-machine-interface"
# What asyncpg asks of a new connection.
ASIDE = re.compile(r"typeinfo_tree|'jit'")


@dataclass(frozen=True)
class Server:
    """One of several servers of a database, in this process; it has one connection, whose statements are noted."""

    app: FastAPI
    api: httpx.AsyncClient
    said: list[str]

    async def statements(self) -> list[str]:
        """The first words of what was said since this was asked last."""
        # asyncpg tells them when the loop gets to it.
        await asyncio.sleep(0)
        said = [statement.split(maxsplit=1)[0].rstrip(";") for statement in self.said if not ASIDE.search(statement)]
        self.said.clear()
        return said


@asynccontextmanager
async def serving(app: FastAPI, headers: dict[str, str] | None = None) -> AsyncIterator[Server]:
    said: list[str] = []

    def note(query: Any) -> None:
        said.append(query.query)

    async with app.router.lifespan_context(app):
        database = app.state.server.database
        async with database.connection() as connection:
            connection.raw.add_query_logger(note)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here", timeout=30, headers=headers) as client:
            yield Server(app, client, said)


@pytest.fixture(scope="module")
def apps(dsn: str) -> list[FastAPI]:
    return [create_app(Settings(database_url=dsn, pool_size=1)) for _ in range(2)]


@pytest.fixture
async def server(apps: list[FastAPI]) -> AsyncIterator[Server]:
    """The one that remembers."""
    async with serving(apps[0]) as server:
        yield server


@pytest.fixture
async def here(server: Server) -> World:
    return await World(server.api).found()


@pytest.fixture
async def there(apps: list[FastAPI], here: World) -> AsyncIterator[World]:
    """The same place, seen by another server."""
    async with serving(apps[1]) as other:
        yield World(other.api, here.domain, here.ids)


async def pool(world: World, network: Document, name: str, **body: Any) -> httpx.Response:
    """POST of a child of the network that has no rules of its own."""
    document = {"fq_name": [*network["fq_name"], name], "parent_type": "virtual-network", **body}
    return await world.api.post("/floating-ip-pools", json={"floating-ip-pool": document})


async def port(world: World, network: Document, name: str, **body: Any) -> httpx.Response:
    return await world.post(VMI, name, virtual_network_refs=[{"to": network["fq_name"]}], **body)


async def address_of(world: World, response: httpx.Response) -> str:
    assert response.status_code == 200, response.text
    found: str = (await world.read("instance-ip", response.json()["instance-ip"]["uuid"]))["instance_ip_address"]
    return found


# --- what it saves ---


async def test_a_create_whose_parent_and_targets_are_remembered_is_one_statement(server: Server, here: World) -> None:
    network, machine = await here.network("blue", "10.0.0.0/24"), await here.create("virtual-machine", "m")
    refs = {"virtual_machine_refs": [{"to": machine["fq_name"]}]}
    await port(here, network, "first", **refs)
    await server.statements()

    made = await port(here, network, "second", **refs)

    assert made.status_code == 200
    assert await server.statements() == ["WITH"]


async def test_an_instance_ip_in_a_remembered_network_is_one_statement(server: Server, here: World) -> None:
    network = await here.network("blue", "10.0.0.0/24")
    await here.post_address(network)
    await server.statements()

    made = await here.post_address(network)

    assert made.status_code == 200
    assert await server.statements() == ["WITH"]


async def test_a_bulk_of_what_refers_to_what_is_remembered_looks_nothing_up(server: Server, here: World) -> None:
    network = await here.network("blue", "10.0.0.0/24")
    await port(here, network, "warm")
    await here.post_address(network)
    refs = {"virtual_network_refs": [{"to": network["fq_name"]}]}
    bodies = [
        {"kind": kind, "data": here.document(kind, f"n{number}", **refs)[kind]} for number in range(3) for kind in (VMI, "instance-ip")
    ]
    await server.statements()

    made = await here.action("v2/bulk", resources=bodies)

    assert made.status_code == 200
    assert "SELECT" not in await server.statements()


async def test_a_name_that_is_taken_is_looked_up_and_refused_as_ever(server: Server, here: World) -> None:
    policy = await here.create("network-policy", "a")
    await server.statements()

    twin = await here.post("network-policy", "a")

    assert (twin.status_code, twin.text) == (409, f"{[*here.project, 'a']} already exists with uuid: {policy['uuid']}")
    assert await server.statements() == ["SELECT"]


# --- what others did meanwhile ---


async def test_a_name_that_another_server_took_is_refused_in_the_same_words(here: World, there: World) -> None:
    await here.create("network-policy", "warm")
    policy = await there.create("network-policy", "a")

    twin = await here.post("network-policy", "a")

    assert (twin.status_code, twin.text) == (409, f"{[*here.project, 'a']} already exists with uuid: {policy['uuid']}")


async def test_a_uuid_that_another_server_gave_is_refused_in_the_same_words(here: World, there: World) -> None:
    await here.create("network-policy", "warm")
    policy = await there.create("network-policy", "a")

    twin = await here.post("network-policy", "b", uuid=policy["uuid"])

    assert (twin.status_code, twin.text) == (409, f"{policy['uuid']} already exists with fq_name: {[*here.project, 'a']}")


async def test_a_taken_name_is_told_before_anything_else_that_is_wrong(here: World, there: World) -> None:
    network = await here.network("blue")
    await pool(here, network, "warm")
    assert (await pool(there, network, "a")).status_code == 200

    twin = await pool(here, network, "a", parent_uuid=str(uuid4()), uuid="nonsense")

    assert (twin.status_code, "already exists" in twin.text) == (409, True)


async def test_below_a_parent_that_another_server_deleted_nothing_is_made(here: World, there: World) -> None:
    network = await here.network("blue")
    assert (await there.delete("virtual-network", network["uuid"])).status_code == 200

    orphan = await pool(here, network, "a")

    assert (orphan.status_code, orphan.text) == (404, f"Name{network['fq_name']} not found")


async def test_a_ref_to_what_another_server_deleted_is_refused(here: World, there: World) -> None:
    machine, network = await here.create("virtual-machine", "m"), await here.network("blue")
    assert (await there.delete("virtual-machine", machine["uuid"])).status_code == 200

    by_name = await port(here, network, "p", virtual_machine_refs=[{"to": machine["fq_name"]}])
    by_uuid = await port(here, network, "p", virtual_machine_refs=[{"uuid": machine["uuid"]}])

    assert {(each.status_code, each.text.startswith("Unknown reference in resource create")) for each in (by_name, by_uuid)} == {
        (400, True)
    }


async def test_what_was_deleted_and_made_again_under_its_name_is_the_new_one(here: World, there: World) -> None:
    network = await here.network("blue")
    await pool(here, network, "warm")
    (child,) = (await here.read("virtual-network", network["uuid"]))["floating_ip_pools"]
    await there.delete("floating-ip-pool", child["uuid"])
    await there.delete("virtual-network", network["uuid"])
    again = await there.network("blue")

    made = (await pool(here, network, "a")).json()["floating-ip-pool"]

    assert made["parent_uuid"] == again["uuid"] != network["uuid"]


async def test_what_was_made_again_under_its_uuid_is_the_new_one(here: World, there: World) -> None:
    uuid, network = str(uuid4()), await here.network("blue")
    await here.create("virtual-machine", "old", uuid=uuid)
    await there.delete("virtual-machine", uuid)
    new = await there.create("virtual-machine", "new", uuid=uuid)

    made = (await port(here, network, "p", virtual_machine_refs=[{"uuid": uuid}])).json()[VMI]
    (ref,) = (await here.read(VMI, made["uuid"]))["virtual_machine_refs"]

    assert ref["to"] == new["fq_name"]


async def test_a_network_made_again_under_its_uuid_has_another_routing_instance(here: World, there: World) -> None:
    uuid = str(uuid4())
    network = await here.network("blue", uuid=uuid)
    first = (await port(here, network, "first")).json()[VMI]
    await there.delete(VMI, first["uuid"])
    await there.delete("virtual-network", uuid)
    again = await there.network("blue", uuid=uuid)

    made = (await port(here, network, "p")).json()[VMI]
    (ref,) = (await here.read(VMI, made["uuid"]))["routing_instance_refs"]

    assert ref["uuid"] == again["routing_instances"][0]["uuid"] != network["routing_instances"][0]["uuid"]


async def test_an_address_is_of_the_subnets_that_the_network_has_now(here: World, there: World) -> None:
    network = await here.network("blue", "10.0.0.0/24")
    held = await here.address(network)
    await there.delete("instance-ip", held["uuid"])
    await there.update("virtual-network", network["uuid"], network_ipam_refs=link("10.9.0.0/24"))

    moved = await address_of(here, await here.post_address(network))
    await there.update("virtual-network", network["uuid"], network_ipam_refs=link("10.9.0.0/24", "10.8.0.0/24"))
    added = await address_of(here, await here.post_address(network, instance_ip_address="10.8.0.9"))

    assert (moved, added) == ("10.9.0.252", "10.8.0.9")


@pytest.mark.parametrize("before", [[], ["10.2.2.0/29"]], ids=["from none", "from one"])
async def test_a_flat_ipam_that_grows_gives_its_networks_the_new_addresses(here: World, there: World, before: list[str]) -> None:
    flat = {"ipam_subnet_method": "flat-subnet"}
    ipam = await here.create("network-ipam", "flat", **flat, ipam_subnets={"subnets": [subnet(one) for one in before]})
    refs = [{"to": [*here.project, "flat"], "attr": {"ipam_subnets": []}}]
    network = await here.network("blue", network_ipam_refs=refs, virtual_network_properties={"forwarding_mode": "l3"})
    assert (await here.post_address(network)).status_code == (200 if before else 400)
    grown = {"subnets": [subnet(one) for one in (*before, "10.3.3.0/29")]}
    await there.update("network-ipam", ipam["uuid"], ipam_subnets=grown)

    given = await address_of(here, await here.post_address(network, instance_ip_address="10.3.3.3"))

    assert given == "10.3.3.3"


async def test_ports_of_two_servers_whose_uuids_are_alike_have_two_macs(here: World, there: World) -> None:
    network, digits = await here.network("blue"), uuid4().hex
    await port(here, network, "warm")
    uuids = [f"{digits[:8]}-{digits[8:10]}{end}-4000-8000-{digits[20:]}" for end in ("00", "11")]
    assert (await port(there, network, "a", uuid=uuids[0])).status_code == 200
    assert (await port(here, network, "b", uuid=uuids[1])).status_code == 200

    macs = [(await here.read(VMI, uuid))["virtual_machine_interface_mac_addresses"]["mac_address"][0] for uuid in uuids]

    assert macs[0] != macs[1]


async def test_a_limit_that_another_server_set_holds_at_once_and_its_end_too(here: World, there: World) -> None:
    await here.create("network-policy", "a")
    await there.update("project", here.project_id, quota={"network_policy": 1})
    refused = await here.post("network-policy", "b")
    await there.update("project", here.project_id, quota={"network_policy": 2})
    let = await here.post("network-policy", "b")

    assert (refused.status_code, let.status_code) == (412, 200)


async def test_a_database_that_was_restored_is_believed(here: World, dsn: str) -> None:
    network = await here.network("blue", "10.0.0.0/24")
    await here.delete("instance-ip", (await here.address(network))["uuid"])
    connection = await asyncpg.connect(dsn)
    await connection.execute("UPDATE resource SET modified = modified - interval '1 day' WHERE uuid = $1", network["uuid"])
    await connection.execute("DELETE FROM address WHERE space = $1", network["uuid"])
    await connection.execute("DELETE FROM subnet WHERE space = $1", network["uuid"])
    await connection.close()

    refused = await here.post_address(network)

    assert (refused.status_code, "exhausted" in refused.text) == (400, True)


async def test_what_a_write_did_not_leave_is_not_remembered(here: World) -> None:
    network = await here.network("blue")
    document = here.document("virtual-machine", "m")
    rehearsed = await here.api.post("/virtual-machines?dry_run=true", json=document)
    refs = {"virtual_machine_refs": [{"to": document["virtual-machine"]["fq_name"]}]}
    failed = await here.action(
        "v2/bulk",
        resources=[{"kind": "virtual-machine", "data": document["virtual-machine"]}, {"kind": VMI, "data": {"fq_name": ["x", "y", "z"]}}],
    )

    lonely = await port(here, network, "p", **refs)

    assert (rehearsed.status_code, failed.status_code >= 400) == (200, True)
    assert (lonely.status_code, lonely.text.startswith("Unknown reference")) == (400, True)


async def test_a_write_with_a_key_is_done_once_and_is_remembered(server: Server, here: World, there: World) -> None:
    network, key = await here.network("blue", "10.0.0.0/24"), {"Idempotency-Key": uuid4().hex}
    await port(here, network, "warm")
    await there.update("virtual-network", network["uuid"], display_name="changed")
    body = here.document(VMI, "p", virtual_network_refs=[{"to": network["fq_name"]}])

    done, again = [await here.api.post(f"/{VMI}s", json=body, headers=key) for _ in range(2)]
    await here.post_address(network)
    await server.statements()
    taken = await here.post_address(network, virtual_machine_interface_refs=[{"uuid": done.json()[VMI]["uuid"]}])

    assert (done.status_code, again.content, "idempotent-replayed" in again.headers) == (200, done.content, True)
    assert taken.status_code == 200
    assert "SELECT" not in await server.statements()


async def test_a_bulk_that_changes_what_it_then_refers_to_sees_its_own_change(here: World, there: World) -> None:
    network = await here.network("blue", "10.0.0.0/24")
    await here.delete("instance-ip", (await here.address(network))["uuid"])
    change = {"uuid": network["uuid"], "network_ipam_refs": link("10.9.0.0/24")}
    taking = here.document("instance-ip", "a", virtual_network_refs=[{"to": network["fq_name"]}])["instance-ip"]

    done = await here.action(
        "v2/bulk",
        resources=[
            {"kind": "virtual-network", "operation": "update", "data": change},
            {"kind": "instance-ip", "data": taking},
        ],
    )

    assert done.status_code == 200, done.text
    uuid = done.json()["results"][1]["instance-ip"]["uuid"]
    assert (await there.read("instance-ip", uuid))["instance_ip_address"] == "10.9.0.252"


async def test_creators_beside_another_server_that_moves_their_network_are_never_told_wrong(here: World, there: World) -> None:
    network = await here.network("blue", "10.0.0.0/24")
    given: list[tuple[str, str]] = []

    async def take() -> None:
        for _ in range(12):
            response = await here.post_address(network)
            assert response.status_code == 200 or "exhausted" in response.text, response.text
            if response.status_code == 200:
                made = await here.read("instance-ip", response.json()["instance-ip"]["uuid"])
                given.append((made["instance_ip_address"], made["subnet_uuid"]))

    async def move() -> None:
        for number in range(12):
            # The other subnet cannot go while somebody holds an address of it.
            await there.put("virtual-network", network["uuid"], network_ipam_refs=link("10.0.0.0/24", f"10.{number + 1}.0.0/24"))
            await there.update("virtual-network", network["uuid"], display_name=str(number))

    await asyncio.gather(take(), take(), move())

    assert len({address for address, _ in given}) == len(given) > 0
    assert all(ip_address(address) in ip_network("10.0.0.0/8") for address, _ in given)


# --- permissions ---


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    return People(tmp_path_factory.mktemp("memory") / "tokens.yaml")


@pytest.fixture
async def tenants(dsn: str, people: People, here: World) -> AsyncIterator[tuple[World, World]]:
    """A member of a project of `here`'s domain, at a server that tells callers apart, and the administrator, at another."""
    rules = {"rule_object": "*", "rule_field": "*", "rule_perms": [{"role_name": "member", "role_crud": "CRUD"}]}
    body = {"fq_name": [here.domain, "members"], "parent_type": "domain", "api_access_list_entries": {"rbac_rule": [rules]}}
    assert (await here.api.post("/api-access-lists", json={"api-access-list": body})).status_code == 200
    token = people.token("anna", "member", project=here.project_id.replace("-", ""), domain=here.ids["domain"])
    app = create_app(Settings(database_url=dsn, pool_size=1, aaa_mode="rbac", tokens_file=people.path))
    await here.action("chown", uuid=here.project_id, owner=here.project_id.replace("-", ""))
    async with serving(app, {"X-Auth-Token": token}) as server:
        yield World(server.api, here.domain, here.ids), here


async def test_a_permission_that_another_server_takes_is_missed_at_once_and_found_at_once(tenants: tuple[World, World]) -> None:
    anna, admin = tenants
    target = await admin.create("virtual-machine", "m")
    network = await anna.network("blue")
    refs = {"virtual_machine_refs": [{"to": target["fq_name"]}]}
    answers: list[int] = []
    for global_access in (7, 4, 7):
        await admin.action("chmod", uuid=target["uuid"], global_access=global_access)
        answers.append((await port(anna, network, f"x{len(answers)}", **refs)).status_code)
    for owner in ("somebody-else", anna.project_id.replace("-", "")):
        await admin.action("chown", uuid=anna.project_id, owner=owner)
        answers.append((await anna.post("network-policy", f"w{owner}")).status_code)

    assert answers == [200, 403, 200, 403, 200]


async def test_the_owner_of_a_child_is_that_of_its_parent_now(here: World, there: World) -> None:
    network = await here.network("blue")
    await pool(here, network, "warm")
    await there.action("chown", uuid=network["uuid"], owner="somebody-else")

    made = (await pool(here, network, "a")).json()["floating-ip-pool"]

    assert (await here.read("floating-ip-pool", made["uuid"]))["perms2"]["owner"] == "somebody-else"


# --- what it rests on ---


async def test_every_write_to_an_object_moves_its_time(here: World) -> None:
    network, tag = await here.network("blue"), await here.create("tag", "label=x", tag_type_name="label", tag_value="x")
    policy = await here.create("network-policy", "p")
    edit = {"type": "virtual-network", "uuid": network["uuid"], "ref-type": "network-policy", "ref-uuid": policy["uuid"]}
    note = {"field": "annotations", "operation": "set", "value": {"key": "a", "value": "b"}}
    writes = [
        ("chmod", {"uuid": network["uuid"], "global_access": 5}),
        ("chown", {"uuid": network["uuid"], "owner": "somebody-else"}),
        ("set-tag", {"obj_type": "virtual_network", "obj_uuid": network["uuid"], "label": {"add_values": ["x"]}}),
        ("ref-update", edit | {"operation": "ADD"}),
        ("ref-update", edit | {"operation": "DELETE"}),
        ("prop-collection-update", {"uuid": network["uuid"], "updates": [note]}),
    ]
    times = [network["id_perms"]["last_modified"]]
    for path, body in writes:
        done = await here.action(path, **body)
        assert done.status_code == 200, (path, done.text)
        times.append((await here.read("virtual-network", network["uuid"]))["id_perms"]["last_modified"])
    await here.update("virtual-network", network["uuid"], perms2={"owner": "me", "owner_access": 7})
    times.append((await here.read("virtual-network", network["uuid"]))["id_perms"]["last_modified"])

    assert tag["uuid"]
    assert times == sorted(set(times))
