"""API access lists over HTTP (contract 5.3, 5.4)."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.access.people import People
from tests.access.scene import GLOBAL, Scene, access_list, rule, settings
from tests.contract.world import World
from tests.served import served

DEFAULT_LIST = [GLOBAL, "default-api-access-list"]


async def post_rules(admin: httpx.AsyncClient, fq_name: list[str], parent: str, *rules: dict[str, Any]) -> str:
    response = await admin.post("/api-access-lists", json=access_list(fq_name, parent, *rules))
    assert response.status_code == 200, response.text
    uuid: str = response.json()["api-access-list"]["uuid"]
    return uuid


async def put_rules(admin: httpx.AsyncClient, uuid: str, *rules: dict[str, Any]) -> None:
    response = await admin.put(f"/api-access-list/{uuid}", json={"api-access-list": {"api_access_list_entries": {"rbac_rule": rules}}})
    assert response.status_code == 200, response.text


async def own_list(scene: Scene, tenant: World, *rules: dict[str, Any]) -> str:
    """An access list of the tenant's project."""
    return await post_rules(scene.admin, [*tenant.project, uuid4().hex], "project", *rules)


async def test_the_default_rules_are_there_from_the_start(scene: Scene) -> None:
    found = await World(scene.admin).listed("api-access-list", detail="true", fq_names=":".join(DEFAULT_LIST))
    rules = found[0]["api-access-list"]["api_access_list_entries"]["rbac_rule"]

    assert {each["rule_object"]: each["rule_perms"] for each in rules} == {
        name: [{"role_name": "*", "role_crud": crud}]
        for name, crud in {
            "fqname-to-id": "CRUD",
            "id-to-fqname": "CRUD",
            "useragent-kv": "CRUD",
            "documentation": "R",
            "/": "R",
            "watch": "R",
            "logical-router": "R",
        }.items()
    }


async def test_the_default_list_stays(scene: Scene) -> None:
    uuid = (await scene.admin.post("/fqname-to-id", json={"type": "api-access-list", "fq_name": DEFAULT_LIST})).json()["uuid"]

    assert (await scene.admin.delete(f"/api-access-list/{uuid}")).status_code == 409


async def test_without_further_rules_a_tenant_finds_names_and_no_more(scene: Scene) -> None:
    tenant = await scene.tenant("newcomer")

    found = await tenant.action("fqname-to-id", type="project", fq_name=tenant.project)
    assert (found.status_code, found.json()) == (200, {"uuid": tenant.project_id})
    assert (await tenant.action("id-to-fqname", uuid=tenant.project_id)).status_code == 200
    assert (await tenant.action("useragent-kv", operation="RETRIEVE", key=None)).status_code == 200
    assert (await tenant.api.get(f"/project/{tenant.project_id}")).status_code == 403
    assert (await tenant.api.get("/projects")).status_code == 403
    assert (await tenant.post("virtual-network", "a")).status_code == 403
    assert (await tenant.action("list-bulk-collection", type="project")).status_code == 403
    assert (await tenant.action("ref-update")).status_code == 403
    assert (await tenant.api.delete(f"/project/{tenant.project_id}")).status_code == 403


async def test_a_refusal_names_what_is_missing(scene: Scene) -> None:
    tenant = await scene.tenant("newcomer")

    response = await tenant.api.get("/projects")

    assert response.text == "403 Permission Denied: no access rule gives R on project to the roles ['newcomer']"


async def test_a_token_without_roles_is_401(scene: Scene) -> None:
    nobody = await scene.user(project=str(uuid4()))

    assert (await nobody.get("/projects")).status_code == 401


@pytest.mark.parametrize("level", ["global-system-config", "domain", "project"])
async def test_rules_of_the_system_the_domain_and_the_project_count(scene: Scene, level: str) -> None:
    role = f"role-{uuid4().hex[:8]}"
    tenant, other = await scene.tenant(role), await scene.tenant(role)
    places = {"global-system-config": [GLOBAL], "domain": [tenant.domain], "project": tenant.project}

    await post_rules(scene.admin, [*places[level], uuid4().hex], level, rule("project", role, "R"))

    assert (await tenant.api.get(f"/project/{tenant.project_id}")).status_code == 200
    assert (await other.api.get("/projects")).status_code == (200 if level == "global-system-config" else 403)


async def test_rules_of_several_levels_add_up(scene: Scene) -> None:
    tenant = await scene.tenant("pair")
    await post_rules(scene.admin, [tenant.domain, "a"], "domain", rule("virtual-network", "pair", "C"))
    await own_list(scene, tenant, rule("virtual-network", "pair", "R"))

    network = await tenant.network("a")

    assert (await tenant.put("virtual-network", network["uuid"], display_name="b")).status_code == 403
    assert (await tenant.delete("virtual-network", network["uuid"])).status_code == 403


@pytest.mark.parametrize(
    ("letter", "status"),
    [("C", (200, 403, 403, 403)), ("R", (403, 200, 403, 403)), ("U", (403, 403, 200, 403)), ("D", (403, 403, 403, 200))],
)
async def test_each_method_needs_its_letter(scene: Scene, letter: str, status: tuple[int, ...]) -> None:
    tenant = await scene.tenant("letters")
    await own_list(scene, tenant, rule("virtual-network", "letters", letter))
    body = tenant.document("virtual-network", "given")
    body["virtual-network"]["perms2"] = {"owner": tenant.project_id}
    uuid = (await scene.admin.post("/virtual-networks", json=body)).json()["virtual-network"]["uuid"]

    seen = [
        (await tenant.post("virtual-network", "new")).status_code,
        (await tenant.api.get(f"/virtual-network/{uuid}")).status_code,
        (await tenant.put("virtual-network", uuid, display_name="b")).status_code,
        (await tenant.delete("virtual-network", uuid)).status_code,
    ]

    assert tuple(seen) == status


async def test_head_is_a_read(scene: Scene) -> None:
    tenant = await scene.tenant("header")
    assert (await tenant.api.head("/projects")).status_code == 403

    await own_list(scene, tenant, rule("project", "header", "R"))

    assert (await tenant.api.head("/projects")).status_code == 200


async def test_paths_below_an_object_are_the_objects(scene: Scene) -> None:
    tenant = await scene.tenant("below")
    await own_list(scene, tenant, rule("virtual-network", "below", "CR"))
    network = await tenant.network("a", "10.1.1.0/24")

    assert (await tenant.action(f"virtual-network/{network['uuid']}/ip-alloc", count=1)).status_code == 200


async def test_a_post_action_is_an_object_of_its_own(scene: Scene) -> None:
    tenant = await scene.tenant("actor")
    await own_list(scene, tenant, rule("project", "actor", "R"), rule("list-bulk-collection", "actor", "C"))

    assert (await tenant.action("list-bulk-collection", type="project", obj_uuids=tenant.project_id)).status_code == 200
    assert (await tenant.action("chmod", uuid=tenant.project_id)).status_code == 403


async def test_a_field_of_its_own_rule_is_looked_at_in_bodies(scene: Scene) -> None:
    tenant = await scene.tenant("fields")
    rules = [rule("virtual-network", "fields", "CRUD"), rule("virtual-network", "admin", "CRUD", field="mtu")]
    await own_list(scene, tenant, *rules)
    network = await tenant.network("a")

    assert (await tenant.post("virtual-network", "b", mtu=1400)).status_code == 403
    assert (await tenant.put("virtual-network", network["uuid"], mtu=1400, display_name="b")).status_code == 403
    assert (await tenant.put("virtual-network", network["uuid"], mtu=None)).status_code == 403
    assert (await tenant.put("virtual-network", network["uuid"], display_name="b")).status_code == 200
    # A client sends null for what it does not set (contract 1.2).
    assert (await tenant.post("virtual-network", "c", mtu=None)).status_code == 200


async def test_external_gateways_of_routers_are_for_administrators_by_default(scene: Scene) -> None:
    tenant = await scene.tenant()
    router = await tenant.create("logical-router", "r")

    assert (await tenant.put("logical-router", router["uuid"], logical_router_gateway_external=True)).status_code == 403
    assert (await tenant.put("logical-router", router["uuid"], display_name="r2")).status_code == 200


async def test_a_body_that_is_no_document_is_judged_by_the_rule_of_the_object(scene: Scene) -> None:
    stranger, tenant = await scene.tenant("newcomer"), await scene.tenant()

    assert (await stranger.api.post("/virtual-networks", content=b"no JSON")).status_code == 403
    assert (await tenant.api.post("/virtual-networks", content=b"no JSON")).status_code == 400


async def test_a_path_that_is_nothing_is_still_404_for_those_who_may_ask(scene: Scene) -> None:
    stranger, tenant = await scene.tenant("newcomer"), await scene.tenant()

    assert (await stranger.api.get("/nothing-at-all")).status_code == 403
    assert (await tenant.api.get("/nothing-at-all")).status_code == 404


async def test_the_administrator_needs_no_rule(scene: Scene) -> None:
    assert (await scene.admin.get("/projects")).status_code == 200
    assert (await scene.admin.get("/aaa-mode")).json() == {"aaa-mode": "rbac"}


async def test_the_mode_is_told_to_administrators_only(scene: Scene) -> None:
    tenant = await scene.tenant()

    assert (await tenant.api.get("/aaa-mode")).status_code == 403
    assert (await scene.admin.put("/aaa-mode", json={"aaa-mode": "no-auth"})).status_code == 403


async def test_number_pools_are_the_administrators_whatever_the_rules_say(scene: Scene) -> None:
    tenant, pool = await scene.tenant(), uuid4().hex
    await own_list(scene, tenant, rule("int-pools", "member", "CRUD"), rule("int-pool", "member", "CRUD"))

    assert (await tenant.action("int-pools", pool=pool, start=1, end=9)).status_code == 403
    assert (await scene.admin.post("/int-pools", json={"pool": pool, "start": 1, "end": 9})).status_code == 200
    assert (await tenant.action("int-pool", pool=pool)).status_code == 403
    assert (await tenant.api.get("/int-pool", params={"pool": pool, "value": "1"})).status_code == 403
    assert (await (await scene.user("auditor")).get("/int-pool", params={"pool": pool, "value": "1"})).status_code == 200


async def test_a_role_header_gives_nothing(scene: Scene) -> None:
    stranger = await scene.tenant("newcomer")

    assert (await stranger.api.get("/projects", headers={"X-API-ROLE": "cloud-admin"})).status_code == 403


# --- the read-only role ---


async def test_the_read_only_role_reads_everything(scene: Scene) -> None:
    tenant, auditor = await scene.tenant(), await scene.user("auditor")
    network = await tenant.network("a")

    assert (await auditor.get(f"/virtual-network/{network['uuid']}")).status_code == 200
    assert (await auditor.get("/virtual-networks", params={"obj_uuids": network["uuid"], "count": "true"})).json() == {
        "virtual-networks": {"count": 1}
    }
    project = (await auditor.get(f"/project/{tenant.project_id}")).json()["project"]
    assert [each["uuid"] for each in project["virtual_networks"]] == [network["uuid"]]


async def test_the_read_only_role_may_use_the_actions_that_only_read(scene: Scene) -> None:
    tenant, auditor = await scene.tenant(), await scene.user("auditor")
    uuid = tenant.project_id

    assert (await auditor.post("/fqname-to-id", json={"type": "project", "fq_name": tenant.project})).json() == {"uuid": uuid}
    assert (await auditor.post("/id-to-fqname", json={"uuid": uuid})).status_code == 200
    assert (await auditor.post("/list-bulk-collection", json={"type": "project"})).status_code == 200
    assert (await auditor.get("/prop-collection-get", params={"uuid": uuid, "fields": "annotations"})).status_code == 200
    perms = (await auditor.get("/obj-perms", params={"uuid": uuid})).json()
    assert (perms["is_global_read_only_role"], perms["is_cloud_admin_role"], perms["permissions"]) == (True, False, "R")


async def test_the_read_only_role_changes_nothing_whatever_else_it_has(scene: Scene) -> None:
    tenant = await scene.tenant("auditor", "member")
    uuid = tenant.project_id

    assert (await tenant.post("virtual-network", "a")).status_code == 403
    assert (await tenant.put("project", uuid, display_name="p")).status_code == 403
    assert (await tenant.delete("project", uuid)).status_code == 403
    for action in ("ref-update", "chmod", "chown", "prop-collection-update", "useragent-kv", "set-tag", "ref-relax-for-delete"):
        assert (await tenant.action(action)).status_code == 403, action


# --- several processes ---


async def test_a_rule_that_is_given_or_taken_holds_at_once(scene: Scene) -> None:
    tenant = await scene.tenant("fickle")
    uuid = await own_list(scene, tenant)

    for _ in range(3):
        assert (await tenant.api.get("/projects")).status_code == 403
        await put_rules(scene.admin, uuid, rule("project", "fickle", "R"))
        assert (await tenant.api.get("/projects")).status_code == 200
        await put_rules(scene.admin, uuid)

    await put_rules(scene.admin, uuid, rule("project", "fickle", "R"))
    assert (await tenant.api.get("/projects")).status_code == 200
    assert (await scene.admin.delete(f"/api-access-list/{uuid}")).status_code == 200
    assert (await tenant.api.get("/projects")).status_code == 403


async def test_a_rule_that_is_taken_by_a_request_with_a_key_holds_at_once(scene: Scene) -> None:
    tenant = await scene.tenant("keyed")
    uuid = await own_list(scene, tenant, rule("project", "keyed", "R"))
    assert (await tenant.api.get("/projects")).status_code == 200
    taking = {"resources": [{"operation": "delete", "kind": "api-access-list", "data": {"uuid": uuid}}]}

    response = await scene.admin.post("/v2/bulk", json=taking, headers={"Idempotency-Key": uuid})

    assert response.status_code == 200, response.text
    assert (await tenant.api.get("/projects")).status_code == 403


async def test_another_server_follows(scene: Scene, dsn: str, people: People) -> None:
    tenant = await scene.tenant("elsewhere")
    with served(DATABASE_URL=dsn, **settings(people.path)) as server:
        async with httpx.AsyncClient(base_url=server.url, headers=tenant.api.headers, trust_env=False) as there:
            assert (await there.get("/projects")).status_code == 403

            uuid = await own_list(scene, tenant, rule("project", "elsewhere", "R"))
            assert (await there.get("/projects")).status_code == 200

            await put_rules(scene.admin, uuid)
            answers = [await there.get("/projects") for _ in range(10)]
            while answers[-1].status_code == 200 and sum(each.elapsed.total_seconds() for each in answers) < 30:
                answers.append(await there.get("/projects"))
            assert answers[-1].status_code == 403
