"""A search as a tenant: it finds what permissions and rules let its caller read."""

from uuid import uuid4

from tests.access.scene import Scene, access_list, rule
from tests.contract.world import World


async def found(world: World, text: str, **query: str) -> set[str]:
    response = await world.api.get("/v2/search", params={"q": text, **query})
    assert response.status_code == 200, response.text
    return {each["uuid"] for each in response.json()["results"]}


async def test_a_search_finds_what_its_caller_may_read(scene: Scene) -> None:
    a, b, name = await scene.tenant(), await scene.tenant(), f"net-{uuid4().hex}"
    theirs, mine = await a.network(name), await b.network(name)
    hidden = await scene.as_admin(b).create("virtual-network", f"{name}-2", id_perms={"user_visible": False})

    assert await found(b, name, kinds="virtual-network") == {mine["uuid"]}
    assert await found(b, theirs["uuid"]) == set()
    assert await found(World(scene.admin), name, kinds="virtual-network") == {theirs["uuid"], mine["uuid"], hidden["uuid"]}
    await a.action("chmod", uuid=theirs["uuid"], share=[{"tenant": b.project_id, "tenant_access": 4}])
    assert await found(b, name, kinds="virtual-network") == {mine["uuid"], theirs["uuid"]}


async def test_a_search_finds_the_kinds_that_rules_let_its_caller_read(scene: Scene) -> None:
    role = f"role-{uuid4().hex[:8]}"
    tenant = await scene.tenant(role)
    network = (await scene.as_admin(tenant).create("virtual-network", "net"))["uuid"]
    body = access_list([*tenant.project, "rules"], "project", rule("v2", role, "R"), rule("project", role, "R"))
    assert (await scene.admin.post("/api-access-lists", json=body)).status_code == 200

    assert await found(tenant, tenant.project_id) == {tenant.project_id}
    assert await found(tenant, network) == set()
