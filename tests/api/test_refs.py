"""Refs: in bodies, by ref-update, relaxed and between equals (contract 1.8, 2.6, 2.7)."""

from typing import Any

import pytest

from tests.contract.world import FAR_AWAY, Document, World


async def policies(world: World, count: int) -> list[Document]:
    return [await world.create("network-policy", f"policy{number}") for number in range(count)]


def attr(major: int) -> Document:
    return {"sequence": {"major": major, "minor": 0}}


def edit(network: Document, policy: Document, operation: str, **more: Any) -> Document:
    """The body of a ref-update."""
    target = {"ref-type": "network-policy", "ref-uuid": policy["uuid"]}
    return {"type": "virtual-network", "uuid": network["uuid"], "operation": operation, **target, **more}


async def refs(world: World, network: Document) -> list[tuple[str, Any]]:
    shown = await world.read("virtual-network", network["uuid"])
    return [(ref["uuid"], ref["attr"]) for ref in shown.get("network_policy_refs", [])]


@pytest.mark.parametrize("given", [("to",), ("uuid",), ("to", "uuid")], ids="+".join)
async def test_a_target_is_found_by_name_or_uuid(world: World, given: tuple[str, ...]) -> None:
    (policy,) = await policies(world, 1)
    ref = {"attr": attr(1), **{key: {"to": policy["fq_name"], "uuid": policy["uuid"]}[key] for key in given}}
    network = await world.network("a", network_policy_refs=[ref])

    (shown,) = network["network_policy_refs"]

    assert shown["to"] == policy["fq_name"]
    assert shown["uuid"] == policy["uuid"]
    assert shown["href"] == policy["href"]
    assert (shown["attr"] or {})["sequence"] == {"major": 1, "minor": 0}


async def test_where_name_and_uuid_disagree_the_uuid_wins(world: World) -> None:
    named, meant = await policies(world, 2)
    network = await world.network("a", network_policy_refs=[{"to": named["fq_name"], "uuid": meant["uuid"], "attr": None}])

    assert await refs(world, network) == [(meant["uuid"], None)]


async def test_of_two_refs_to_one_target_the_last_counts(world: World) -> None:
    (policy,) = await policies(world, 1)
    twice = [{"to": policy["fq_name"], "attr": attr(major)} for major in (1, 2)]
    network = await world.network("a", network_policy_refs=twice)

    assert await refs(world, network) == [(policy["uuid"], attr(2))]


async def test_an_unknown_target_is_400_in_a_create_and_404_in_an_update(world: World) -> None:
    network = await world.network("a")
    unknown = [{"to": [*world.project, "nope"], "attr": None}]

    created = await world.post("virtual-network", "b", network_policy_refs=unknown)
    updated = await world.put("virtual-network", network["uuid"], network_policy_refs=unknown)

    assert (created.status_code, updated.status_code) == (400, 404)
    assert "nope" in created.text
    assert "nope" in updated.text


async def test_a_uuid_of_another_kind_is_no_target(world: World) -> None:
    response = await world.post("virtual-network", "a", network_policy_refs=[{"uuid": world.project_id, "attr": None}])

    assert response.status_code == 400


async def test_an_attribute_must_be_named_where_the_schema_has_one(world: World) -> None:
    (policy,) = await policies(world, 1)

    response = await world.post("virtual-network", "a", network_policy_refs=[{"to": policy["fq_name"]}])

    assert response.status_code == 400
    assert response.text.startswith("Bad reference in create: ")


async def test_an_update_gives_the_complete_new_set(world: World) -> None:
    gone, kept, new = await policies(world, 3)
    network = await world.network("a", network_policy_refs=[{"to": each["fq_name"], "attr": attr(1)} for each in (gone, kept)])

    await world.update(
        "virtual-network",
        network["uuid"],
        network_policy_refs=[{"to": kept["fq_name"], "attr": attr(5)}, {"uuid": new["uuid"], "attr": attr(6)}],
    )

    assert await refs(world, network) == [(kept["uuid"], attr(5)), (new["uuid"], attr(6))]


@pytest.mark.parametrize("nothing", [[], {}, None], ids=repr)
async def test_an_update_with_nothing_removes_all_refs(world: World, nothing: object) -> None:
    (policy,) = await policies(world, 1)
    network = await world.network("a", network_policy_refs=[{"to": policy["fq_name"], "attr": None}])

    await world.update("virtual-network", network["uuid"], network_policy_refs=nothing)

    assert await refs(world, network) == []


async def test_an_update_that_names_no_refs_keeps_them(world: World) -> None:
    (policy,) = await policies(world, 1)
    network = await world.network("a", network_policy_refs=[{"to": policy["fq_name"], "attr": attr(1)}])

    await world.update("virtual-network", network["uuid"], display_name="b")

    assert await refs(world, network) == [(policy["uuid"], attr(1))]


async def test_a_target_shows_who_refers_to_it(world: World) -> None:
    (policy,) = await policies(world, 1)
    network = await world.network("a", network_policy_refs=[{"to": policy["fq_name"], "attr": attr(1)}])

    (back,) = (await world.read("network-policy", policy["uuid"]))["virtual_network_back_refs"]

    assert back == {"to": network["fq_name"], "uuid": network["uuid"], "href": network["href"], "attr": attr(1)}


@pytest.mark.parametrize("operation", ["ADD", "add", "Add"])
async def test_ref_update_adds_in_any_letter_case(world: World, operation: str) -> None:
    (policy,) = await policies(world, 1)
    network = await world.network("a")

    response = await world.action("ref-update", **edit(network, policy, operation, attr=attr(1)))

    assert (response.status_code, response.json()) == (200, {"uuid": network["uuid"]})
    assert await refs(world, network) == [(policy["uuid"], attr(1))]


async def test_ref_update_adds_beside_what_is_there(world: World) -> None:
    first, second = await policies(world, 2)
    network = await world.network("a", network_policy_refs=[{"to": first["fq_name"], "attr": attr(1)}])

    await world.action("ref-update", **edit(network, second, "ADD"))

    assert await refs(world, network) == [(first["uuid"], attr(1)), (second["uuid"], None)]


async def test_ref_update_finds_the_target_by_name(world: World) -> None:
    (policy,) = await policies(world, 1)
    network = await world.network("a")
    body = edit(network, policy, "ADD") | {"ref-uuid": None, "ref-fq-name": policy["fq_name"], "ref-type": "network_policy"}

    assert (await world.action("ref-update", **body)).status_code == 200
    assert await refs(world, network) == [(policy["uuid"], None)]


async def test_ref_update_moves_the_time_of_the_referrer(world: World) -> None:
    (policy,) = await policies(world, 1)
    network = await world.network("a")

    await world.action("ref-update", **edit(network, policy, "ADD"))

    after = await world.read("virtual-network", network["uuid"])
    assert after["id_perms"]["last_modified"] > network["id_perms"]["last_modified"]


@pytest.mark.parametrize(
    ("change", "status", "text"),
    [
        ({"operation": "SING"}, 400, "Bad Request: operation should be add or delete: SING"),
        ({"operation": None}, 400, ""),
        ({"uuid": None}, 400, ""),
        ({"uuid": FAR_AWAY}, 404, FAR_AWAY),
        ({"ref-uuid": None}, 400, ""),
        ({"ref-uuid": FAR_AWAY}, 404, FAR_AWAY),
        ({"ref-uuid": None, "ref-fq-name": ["nope"]}, 404, "nope"),
        ({"type": "nope"}, 404, "nope"),
        ({"ref-type": "nope"}, 404, "nope"),
        ({"type": None}, 400, ""),
        ({"ref-type": None}, 400, ""),
        ({"ref-type": "virtual-machine"}, 400, ""),
        ({"attr": 5}, 400, ""),
        ({"attr": {"colour": "red"}}, 400, "colour"),
    ],
    ids=str,
)
async def test_a_wrong_ref_update_is_refused_and_changes_nothing(world: World, change: Document, status: int, text: str) -> None:
    (policy,) = await policies(world, 1)
    network = await world.network("a")

    response = await world.action("ref-update", **(edit(network, policy, "ADD") | change))

    assert response.status_code == status, response.text
    assert text in response.text
    assert await world.read("virtual-network", network["uuid"]) == network


async def test_ref_update_to_a_uuid_of_another_kind_is_404(world: World) -> None:
    network = await world.network("a")

    response = await world.action("ref-update", **edit(network, {"uuid": world.project_id}, "ADD"))

    assert response.status_code == 404


async def test_deleting_a_ref_that_is_not_there_is_200_unless_its_name_is_unknown(world: World) -> None:
    (policy,) = await policies(world, 1)
    network = await world.network("a")

    absent = await world.action("ref-update", **edit(network, policy, "DELETE"))
    unknown = await world.action("ref-update", **edit(network, {"uuid": FAR_AWAY}, "DELETE"))
    unnamed = await world.action("ref-update", **(edit(network, policy, "DELETE") | {"ref-uuid": None, "ref-fq-name": ["nope"]}))

    assert (absent.status_code, unknown.status_code, unnamed.status_code) == (200, 200, 404)


async def test_ref_update_may_relax_at_once(world: World) -> None:
    (policy,) = await policies(world, 1)
    network = await world.network("a")

    await world.action("ref-update", **edit(network, policy, "ADD", relax_ref_for_delete=True))

    assert (await world.delete("network-policy", policy["uuid"])).status_code == 200
    assert await refs(world, network) == []


async def test_a_relaxed_ref_stays_relaxed_when_added_again_and_keeps_the_time(world: World) -> None:
    (policy,) = await policies(world, 1)
    network = await world.network("a", network_policy_refs=[{"to": policy["fq_name"], "attr": None}])

    await world.action("ref-relax-for-delete", uuid=network["uuid"], **{"ref-uuid": policy["uuid"]})
    relaxed = await world.read("virtual-network", network["uuid"])
    await world.action("ref-update", **edit(network, policy, "ADD", attr=attr(1)))

    assert relaxed["id_perms"]["last_modified"] == network["id_perms"]["last_modified"]
    assert (await world.delete("network-policy", policy["uuid"])).status_code == 200


async def test_relaxing_wants_a_known_referrer_and_both_keys(world: World) -> None:
    network = await world.network("a")

    unknown = await world.action("ref-relax-for-delete", uuid=FAR_AWAY, **{"ref-uuid": network["uuid"]})
    incomplete = await world.action("ref-relax-for-delete", uuid=network["uuid"])
    no_ref = await world.action("ref-relax-for-delete", uuid=network["uuid"], **{"ref-uuid": FAR_AWAY})

    assert (unknown.status_code, unknown.text) == (404, f"uuid {FAR_AWAY} not found")
    assert incomplete.status_code == 400
    assert no_ref.status_code == 200


async def test_a_ref_between_equals_is_changed_from_either_side(world: World) -> None:
    network = await world.network("a")
    one, other = await world.interface(network, "one"), await world.interface(network, "other")
    body = {"type": "virtual-machine-interface", "ref-type": "virtual-machine-interface"}
    await world.action("ref-update", uuid=one["uuid"], operation="ADD", **body, **{"ref-uuid": other["uuid"]})

    seen = [(await world.read("virtual-machine-interface", port["uuid"]))["virtual_machine_interface_refs"] for port in (one, other)]
    await world.action("ref-update", uuid=other["uuid"], operation="DELETE", **body, **{"ref-uuid": one["uuid"]})
    after = [await world.read("virtual-machine-interface", port["uuid"]) for port in (one, other)]

    assert [[ref["uuid"] for ref in refs] for refs in seen] == [[other["uuid"]], [one["uuid"]]]
    assert all("virtual_machine_interface_refs" not in port for port in after)


async def test_outgoing_refs_never_keep_an_object(world: World) -> None:
    (policy,) = await policies(world, 1)
    network = await world.network("a", network_policy_refs=[{"to": policy["fq_name"], "attr": None}])

    assert (await world.delete("virtual-network", network["uuid"])).status_code == 200
    assert "virtual_network_back_refs" not in await world.read("network-policy", policy["uuid"])


async def test_a_derived_ref_does_not_keep_its_target(world: World) -> None:
    """Contract 3.1: virtual-machine -> service-instance is derived."""
    instance = await world.create("service-instance", "instance")
    machine = await world.create("virtual-machine", "vm", service_instance_refs=[{"to": instance["fq_name"]}])

    assert (await world.delete("service-instance", instance["uuid"])).status_code == 200
    assert "service_instance_refs" not in await world.read("virtual-machine", machine["uuid"])


async def test_children_are_told_before_referrers(world: World) -> None:
    network = await world.network("a")
    await world.interface(network, "port")
    await world.create("floating-ip-pool", "", fq_name=[*network["fq_name"], "pool"], parent_type="virtual-network")

    response = await world.delete("virtual-network", network["uuid"])

    assert response.status_code == 409
    assert response.text.startswith("Delete when children still present: ['")


async def test_derived_children_go_with_their_parent(world: World) -> None:
    network = await world.network("a")
    children = [
        await world.create("routing-instance", "", fq_name=[*network["fq_name"], "other"], parent_type="virtual-network"),
        await world.create("access-control-list", "", fq_name=[*network["fq_name"], "acl"], parent_type="virtual-network"),
    ]

    assert (await world.delete("virtual-network", network["uuid"])).status_code == 200
    for kind, child in zip(("routing-instance", "access-control-list"), children, strict=True):
        assert (await world.api.get(f"/{kind}/{child['uuid']}")).status_code == 404
