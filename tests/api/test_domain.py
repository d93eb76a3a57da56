"""What a domain does beyond being stored (contract 3.4 domain)."""

from tests.contract.world import World


async def test_a_domain_is_shared_with_its_own_tenants(world: World) -> None:
    domain = await world.read("domain", world.ids["domain"])

    assert domain["perms2"]["share"] == [{"tenant": f"domain:{domain['uuid']}", "tenant_access": 6}]


async def test_a_share_that_was_given_is_kept_beside_it(world: World) -> None:
    given = {"owner": "o", "share": [{"tenant": "tenant:x", "tenant_access": 7}]}
    made = await world.create("domain", f"other-{world.domain}", perms2=given)

    shares = (await world.read("domain", made["uuid"]))["perms2"]["share"]

    assert [share["tenant"] for share in shares] == ["tenant:x", f"domain:{made['uuid']}"]
