"""Contract section 12, behaviour 39: what a tenant sees of another one's network."""

from tests.access.scene import Scene, people, scene

__all__ = ["people", "scene"]


async def test_behaviour_39_a_share_lets_another_tenant_read_and_link_but_not_write(scene: Scene) -> None:
    a, b = await scene.tenant(), await scene.tenant()
    network = await a.network("net")
    uuid = network["uuid"]

    assert network["perms2"] == {"owner": a.project_id.replace("-", ""), "owner_access": 7, "global_access": 0, "share": []}
    assert (await b.api.get(f"/virtual-network/{uuid}")).status_code == 403
    assert uuid not in [each["uuid"] for each in await b.listed("virtual-network")]

    shared = await a.action("chmod", uuid=uuid, share=[{"tenant": b.project_id, "tenant_access": 5}])

    assert (shared.status_code, shared.json()) == (200, {})
    assert uuid in [each["uuid"] for each in await b.listed("virtual-network", shared="true")]
    assert (await b.read("virtual-network", uuid))["fq_name"] == network["fq_name"]
    assert (await b.put("virtual-network", uuid, display_name="mine")).status_code == 403
    assert (await a.put("virtual-network", uuid, display_name="mine")).status_code == 200
