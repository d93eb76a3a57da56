"""Requests of many writes as a tenant: each entry passes the rules and permissions that its own call would."""

from typing import Any
from uuid import uuid4

import pytest

from tests.access.scene import Scene, access_list, rule
from tests.contract.world import Document, World

both = pytest.mark.parametrize("path", ["v2/bulk", "sync"])


def entry(kind: str, data: Document, operation: str = "create") -> Document:
    return {"kind": kind, "operation": operation, "data": data}


def network(world: World, name: str, **body: Any) -> Document:
    return entry("virtual-network", world.document("virtual-network", name, **body)["virtual-network"])


@both
async def test_a_tenant_makes_many_of_its_own(scene: Scene, path: str) -> None:
    a = await scene.tenant()

    made = await a.action(path, resources=[network(a, "one"), network(a, "two")])

    assert made.status_code == 200, made.text
    owners = {
        each["virtual-network"]["perms2"]["owner"] for each in await a.listed("virtual-network", parent_id=a.project_id, detail="true")
    }
    assert owners == {a.project_id.replace("-", "")}
    assert len(await a.listed("virtual-network", parent_id=a.project_id)) == 2


@both
async def test_one_entry_below_somebody_elses_parent_refuses_all(scene: Scene, path: str) -> None:
    a, b = await scene.tenant(), await scene.tenant()

    refused = await b.action(path, resources=[network(b, "mine"), network(a, "theirs")])

    assert refused.status_code == 403
    assert "entry 1" in refused.text
    assert await b.listed("virtual-network", parent_id=b.project_id) == []


@both
async def test_entries_need_what_their_own_calls_need(scene: Scene, path: str) -> None:
    a, b = await scene.tenant(), await scene.tenant()
    uuid = (await a.network("net"))["uuid"]
    port = await b.interface(await b.network("own"), "port")
    target = {"ref-type": "virtual-network", "ref-uuid": uuid, "uuid": port["uuid"]}
    refused = [
        entry("virtual-network", {"uuid": uuid, "display_name": "mine"}, "update"),
        entry("virtual-network", {"uuid": uuid}, "delete"),
        entry("virtual-machine-interface", {**target, "operation": "ADD"}, "ref-update"),
        entry(
            "virtual-machine-interface",
            b.document("virtual-machine-interface", "q", virtual_network_refs=[{"uuid": uuid}])["virtual-machine-interface"],
        ),
        network(b, "hidden", id_perms={"user_visible": False}),
    ]

    answers = [await b.action(path, resources=[each]) for each in refused]

    assert [each.status_code for each in answers] == [403, 403, 403, 403, 400]


@both
async def test_each_entry_passes_the_rules(scene: Scene, path: str) -> None:
    role = f"role-{uuid4().hex[:8]}"
    tenant = await scene.tenant(role)
    rules = [rule(path.split("/")[0], role, "C"), rule("virtual-network", role, "C"), rule("virtual-network", "admin", "CRUD", field="mtu")]
    body = access_list([*tenant.project, "rules"], "project", *rules)
    assert (await scene.admin.post("/api-access-lists", json=body)).status_code == 200
    made = (await tenant.create("virtual-network", "made"))["uuid"]

    async def asked(*entries: Document) -> int:
        return (await tenant.action(path, resources=list(entries))).status_code

    assert await asked(network(tenant, "a")) == 200
    assert await asked(network(tenant, "b", mtu=1400)) == 403
    assert await asked(entry("virtual-network", {"uuid": made, "display_name": "x"}, "update")) == 403
    assert await asked(entry("virtual-network", {"uuid": made}, "delete")) == 403
    assert await asked(entry("security-group", {"fq_name": [*tenant.project, "g"], "parent_type": "project"})) == 403
