"""The one global system config, and what it and the rest of the world may not contradict (contract 3.4)."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.contract.world import Document, World

KIND = "global-system-config"
AS_FOUR, AS_TWO = 4_200_000_000, 64_700


@dataclass(slots=True)
class System:
    """The config that all tests share; what a test changes is put back."""

    world: World
    uuid: str = ""
    before: Document = field(default_factory=dict)

    async def found(self) -> "System":
        (only,) = await self.world.listed(KIND)
        # Those that other tests left would hold the ports.
        for service in await self.world.listed("bgp-as-a-service"):
            await self.world.delete("bgp-as-a-service", service["uuid"])
        self.uuid = only["uuid"]
        self.before = await self.read()
        return self

    async def read(self) -> Document:
        return await self.world.read(KIND, self.uuid)

    async def put(self, **body: Any) -> httpx.Response:
        return await self.world.put(KIND, self.uuid, **body)

    async def status(self, **body: Any) -> int:
        return (await self.put(**body)).status_code

    async def restore(self) -> None:
        names = ("autonomous_system", "enable_4byte_as", "bgpaas_parameters", "user_defined_log_statistics", "ibgp_auto_mesh")
        await self.world.update(KIND, self.uuid, **{name: self.before.get(name) for name in names})


@pytest.fixture
async def system(world: World) -> AsyncIterator[System]:
    system = await System(world).found()
    yield system
    await system.restore()


async def test_a_second_one_is_refused(world: World) -> None:
    response = await world.api.post(f"/{KIND}s", json={KIND: {"fq_name": [world.domain]}})

    assert response.status_code == 400
    assert "default-global-system-config" in response.text


async def test_the_one_there_is_can_be_changed_and_not_deleted(world: World, system: System) -> None:
    await world.update(KIND, system.uuid, ibgp_auto_mesh=False)

    assert (await system.read())["ibgp_auto_mesh"] is False
    assert (await world.delete(KIND, system.uuid)).status_code == 409


# --- the AS ---


async def test_an_as_of_four_bytes_needs_the_flag_and_keeps_it(system: System) -> None:
    refused = await system.put(autonomous_system=AS_FOUR)

    assert (refused.status_code, "enable_4byte_as" in refused.text) == (400, True)
    assert await system.status(autonomous_system=AS_FOUR, enable_4byte_as=True) == 200
    assert [await system.status(enable_4byte_as=value) for value in (False, None)] == [400, 400]
    assert await system.status(autonomous_system=64512, enable_4byte_as=False) == 200


@pytest.mark.parametrize("number", [4_294_967_296, -1, "x"])
async def test_an_as_number_is_one(system: System, number: object) -> None:
    assert await system.status(autonomous_system=number, enable_4byte_as=True) == 400


@pytest.mark.parametrize("kind", ["virtual-network", "logical-router"])
@pytest.mark.parametrize(
    ("asn", "number", "status"),
    [(AS_TWO, 8_000_000, 400), (AS_TWO, 7_999_999, 200), (AS_FOUR, 8_000, 400), (AS_FOUR, 7_999, 200)],
)
async def test_an_as_in_which_a_users_route_target_would_be_the_systems_is_refused(
    world: World, system: System, kind: str, asn: int, number: int, status: int
) -> None:
    name = "route_target_list" if kind == "virtual-network" else "configured_route_target_list"
    await world.update(KIND, system.uuid, enable_4byte_as=True)
    made = await world.create(kind, "a", **{name: {"route_target": ["target:64999:1", f"target:{asn}:{number}"]}})

    changed = await system.put(autonomous_system=asn)
    await world.update(KIND, system.uuid, autonomous_system=64512)
    await world.delete(kind, made["uuid"])

    assert changed.status_code == status, changed.text
    assert status == 200 or (f"target:{asn}:{number}" in changed.text and world.domain in changed.text)


@pytest.mark.parametrize("attempt", range(8))
async def test_the_as_changes_or_a_network_gets_its_route_target_never_both(world: World, system: System, attempt: int) -> None:
    targets = {"import_route_target_list": {"route_target": [f"target:{AS_TWO}:8000001"]}}

    changed, made = await asyncio.gather(system.put(autonomous_system=AS_TWO), world.post("virtual-network", "a", **targets))
    if made.status_code == 200:
        await world.delete("virtual-network", made.json()["virtual-network"]["uuid"])

    assert (changed.status_code, made.status_code) in {(200, 400), (400, 200)}, (changed.text, made.text)


# --- BGP as a service ---


@pytest.mark.parametrize(
    ("start", "end", "status"),
    [(1, 65535, 200), (0, 10, 400), (-1, 10, 400), (9, 9, 400), (10, 9, 400), (9, None, 200), (60000, None, 400)],
)
async def test_ports_are_a_range(system: System, start: int, end: int | None, status: int) -> None:
    ports = {"port_start": start} if end is None else {"port_start": start, "port_end": end}

    assert await system.status(bgpaas_parameters=ports) == status


async def test_ports_do_not_become_fewer_while_a_service_exists(world: World, system: System) -> None:
    await world.update(KIND, system.uuid, bgpaas_parameters={"port_start": 40000, "port_end": 50512})
    service = await world.create("bgp-as-a-service", "s", autonomous_system=64513)

    fewer = [{"port_start": 40001, "port_end": 50512}, {"port_start": 40000, "port_end": 50511}, None]
    refused = [await system.put(bgpaas_parameters=ports) for ports in fewer]
    more = await system.status(bgpaas_parameters={"port_start": 39000, "port_end": 51000})
    await world.delete("bgp-as-a-service", service["uuid"])

    assert [(one.status_code, "can not shrink" in one.text) for one in refused] == [(409, True)] * 3
    assert more == 200
    assert await system.status(bgpaas_parameters={"port_start": 41000, "port_end": 50000}) == 200


@pytest.mark.parametrize("attempt", range(8))
async def test_the_ports_shrink_before_a_service_is_made_or_not_at_all(world: World, system: System, attempt: int) -> None:
    fewer = {"port_start": 50100, "port_end": 50200}
    asked = world.post("bgp-as-a-service", "s", autonomous_system=64513)

    made, shrunk = await asyncio.gather(asked, system.put(bgpaas_parameters=fewer))
    again = await system.status(bgpaas_parameters={"port_start": 50150, "port_end": 50160})
    await world.delete("bgp-as-a-service", made.json()["bgp-as-a-service"]["uuid"])

    assert made.status_code == 200
    assert shrunk.status_code in (200, 409), shrunk.text
    assert again == 409


@pytest.mark.parametrize("kind", ["bgp-router", "bgp-as-a-service"])
async def test_as_numbers_of_four_bytes_are_for_a_system_that_takes_them(world: World, system: System, kind: str) -> None:
    network = await world.network("a")
    router = {"fq_name": [*network["fq_name"], "a", "r"], "parent_type": "routing-instance"} if kind == "bgp-router" else {}

    def body(asn: int) -> Document:
        return {"bgp_router_parameters": {"autonomous_system": asn}} if kind == "bgp-router" else {"autonomous_system": asn}

    refused = await world.post(kind, "r", **router, **body(65_536))
    made = await world.create(kind, "r", **router, **body(65_535))
    changed = await world.put(kind, made["uuid"], **body(AS_FOUR))
    await world.update(KIND, system.uuid, enable_4byte_as=True)

    assert [(one.status_code, "65535" in one.text) for one in (refused, changed)] == [(400, True)] * 2
    assert (await world.put(kind, made["uuid"], **body(AS_FOUR))).status_code == 200
    assert (await world.put(kind, made["uuid"], **body(1 << 32))).status_code == 400
    assert (await world.delete(kind, made["uuid"])).status_code == 200


# --- patterns ---


@pytest.mark.parametrize(("pattern", "status"), [("vrouter.*[0-9]+", 200), ("(", 400), ("*", 400), ("a{99999999999}", 400), ("", 200)])
async def test_patterns_of_log_statistics_are_regular_expressions(world: World, system: System, pattern: str, status: int) -> None:
    entry = {"name": "drops", "pattern": pattern}
    update = {"field": "user_defined_log_statistics", "operation": "set", "value": entry}

    assert await system.status(user_defined_log_statistics={"statlist": [entry]}) == status
    assert (await world.action("prop-collection-update", uuid=system.uuid, updates=[update])).status_code == status
