"""Object permissions over HTTP: each row of the table of contract 5.5, hidden objects, and the defaults of 2.4."""

from typing import Any
from uuid import uuid4

import pytest

from tests.access.scene import Scene
from tests.contract.world import Document, World

R, W, X = 4, 2, 1


async def shared(by: World, network: Document, tenant: World, access: int) -> None:
    await allow(by, network["uuid"], share=[{"tenant": tenant.project_id, "tenant_access": access}])


async def allow(by: World, uuid: str, **perms: Any) -> None:
    response = await by.action("chmod", uuid=uuid, **perms)
    assert (response.status_code, response.json()) == (200, {}), response.text


def ref(network: Document) -> list[Document]:
    return [{"to": network["fq_name"], "uuid": network["uuid"]}]


# --- read ---


async def test_reading_needs_r(scene: Scene) -> None:
    a, b = await scene.tenant(), await scene.tenant()
    network = await a.network("net")
    url, name = f"/virtual-network/{network['uuid']}", {"type": "virtual-network", "fq_name": network["fq_name"]}
    collection = {"uuid": network["uuid"], "fields": "annotations"}

    for access, status in ((0, 403), (W | X, 403), (R, 200)):
        await shared(a, network, b, access)

        assert (await b.api.get(url)).status_code == status
        assert (await b.api.head(url)).status_code == status
        assert (await b.api.get(url, headers={"If-None-Match": network["id_perms"]["last_modified"]})).status_code == status
        assert (await b.action("fqname-to-id", **name)).status_code == status
        assert (await b.api.get("/prop-collection-get", params=collection)).status_code == status
        assert (await b.action(f"virtual-network/{network['uuid']}/subnet-ip-count", subnet_list=[])).status_code == status


async def test_a_refusal_names_the_bit_and_the_object(scene: Scene) -> None:
    a, b = await scene.tenant(), await scene.tenant()
    uuid = (await a.network("net"))["uuid"]

    response = await b.api.get(f"/virtual-network/{uuid}", headers={"Accept": "application/problem+json"})

    assert response.json()["detail"] == f"403 Permission Denied: R on the virtual-network {uuid} is needed"
    assert (response.json()["code"], response.json()["uuid"]) == ("permission-denied", uuid)


async def test_the_same_tag_is_no_way_to_a_304(scene: Scene) -> None:
    a, b = await scene.tenant(), await scene.tenant()
    network = await a.network("net")
    url = f"/virtual-network/{network['uuid']}"
    etag = (await a.api.get(url)).headers["etag"]

    assert (await a.api.get(url, headers={"If-None-Match": etag})).status_code == 304
    assert (await b.api.get(url, headers={"If-None-Match": etag})).status_code == 403


@pytest.mark.parametrize("form", ["{uuid}", "{plain}", "tenant:{uuid}", "tenant:{plain}", "domain:{domain}"])
async def test_a_share_names_a_project_or_a_domain(scene: Scene, form: str) -> None:
    a, b, c = await scene.tenant(), await scene.tenant(), await scene.tenant()
    uuid = (await a.network("net"))["uuid"]
    tenant = form.format(uuid=b.project_id, plain=b.project_id.replace("-", ""), domain=b.ids["domain"])

    await allow(a, uuid, share=[{"tenant": tenant, "tenant_access": R}])

    for query in ({}, {"shared": "true"}):
        assert uuid in [each["uuid"] for each in await b.listed("virtual-network", **query)]
        assert uuid not in [each["uuid"] for each in await c.listed("virtual-network", **query)]
    assert (await b.api.get(f"/virtual-network/{uuid}")).status_code == 200
    assert (await c.api.get(f"/virtual-network/{uuid}")).status_code == 403


async def test_the_domain_that_keystone_calls_default_is_default_domain(scene: Scene) -> None:
    in_default = World(await scene.user("member", project=str(uuid4()), domain="default"))
    elsewhere = await scene.tenant()

    assert [each["fq_name"] for each in await in_default.listed("domain")] == [["default-domain"]]
    assert [each["fq_name"] for each in await elsewhere.listed("domain")] == [[elsewhere.domain]]


# --- lists ---


async def test_a_list_has_what_may_be_read_in_every_shape(scene: Scene) -> None:
    a, b = await scene.tenant(), await scene.tenant()
    mine, theirs, given = await b.network("mine"), await a.network("theirs"), await a.network("given")
    await shared(a, given, b, R)
    seen = {mine["uuid"], given["uuid"]}
    ids = ",".join([mine["uuid"], theirs["uuid"], given["uuid"]])

    assert {each["uuid"] for each in await b.listed("virtual-network", obj_uuids=ids)} == seen
    assert {each["uuid"] for each in await b.listed("virtual-network", obj_uuids=ids, fields="network_ipam_refs")} == seen
    detailed = await b.listed("virtual-network", obj_uuids=ids, detail="true")
    assert {each["virtual-network"]["uuid"] for each in detailed} == seen
    assert {each["uuid"] for each in await b.listed("virtual-network", filters='is_shared==false,display_name=="theirs"')} == set()
    bulk = await b.action("list-bulk-collection", type="virtual-network", obj_uuids=ids)
    assert {each["uuid"] for each in bulk.json()["virtual-networks"]} == seen


async def test_counts_and_pages_are_of_what_may_be_read(scene: Scene) -> None:
    a, b = await scene.tenant(), await scene.tenant()
    theirs = [await a.network(f"net-{number}") for number in range(6)]
    for network in theirs[::2]:
        await shared(a, network, b, R)
    wanted = [each["uuid"] for each in theirs[::2]]
    ids = ",".join(each["uuid"] for each in theirs)

    counted = await b.api.get("/virtual-networks", params={"obj_uuids": ids, "count": "true"})
    pages: list[list[str]] = []
    marker: str | None = ""
    while marker is not None:
        page = (await b.api.get("/virtual-networks", params={"obj_uuids": ids, "page_marker": marker, "page_limit": "2"})).json()
        pages.append([each["uuid"] for each in page["virtual-networks"]])
        marker = page["marker"]

    assert counted.json() == {"virtual-networks": {"count": 3}}
    assert sorted(uuid for page in pages for uuid in page) == sorted(wanted)
    assert [len(page) for page in pages[:2]] == [2, 1]


async def test_children_of_a_parent_that_may_not_be_read_are_absent(scene: Scene) -> None:
    a, b = await scene.tenant(), await scene.tenant()
    network = await a.network("net")
    await shared(a, network, b, R)
    by_name = {"parent_fq_name_str": ":".join(a.project), "parent_type": "project"}

    assert await b.listed("virtual-network", parent_id=a.project_id) == []
    assert await b.listed("virtual-network", **by_name) == []
    await allow(a, a.project_id, global_access=R)
    assert [each["uuid"] for each in await b.listed("virtual-network", parent_id=a.project_id)] == [network["uuid"]]
    assert [each["uuid"] for each in await b.listed("virtual-network", **by_name)] == [network["uuid"]]


async def test_shared_adds_what_others_share_to_what_the_other_keys_choose(scene: Scene) -> None:
    a, b = await scene.tenant(), await scene.tenant()
    mine, given, public, theirs = await b.network("mine"), await a.network("given"), await a.network("public"), await a.network("theirs")
    await shared(a, given, b, R | X)
    await allow(a, public["uuid"], global_access=R)
    asked = {"parent_id": b.project_id, "fields": "display_name"}
    ours = {each["uuid"] for each in (mine, given, public, theirs)}

    alone = {each["uuid"] for each in await b.listed("virtual-network", **asked)}
    together = {each["uuid"] for each in await b.listed("virtual-network", **asked, shared="true")} & ours
    counted = await b.api.get("/virtual-networks", params={**asked, "shared": "true", "filters": 'display_name=="given"', "count": "true"})

    assert alone == {mine["uuid"]}
    assert together == {mine["uuid"], given["uuid"], public["uuid"]}
    assert counted.json() == {"virtual-networks": {"count": 1}}


async def test_a_share_without_r_is_not_added(scene: Scene) -> None:
    a, b = await scene.tenant(), await scene.tenant()
    network = await a.network("net")
    await shared(a, network, b, X)

    assert network["uuid"] not in [each["uuid"] for each in await b.listed("virtual-network", parent_id=b.project_id, shared="true")]


async def test_the_administrator_lists_everything(scene: Scene) -> None:
    a = await scene.tenant()
    network = await a.network("net")

    assert network["uuid"] in [each["uuid"] for each in await World(scene.admin).listed("virtual-network")]


# --- links in answers ---


async def test_links_to_what_may_not_be_read_are_left_out(scene: Scene) -> None:
    a, b = await scene.tenant(), await scene.tenant()
    network = await a.network("net")
    await allow(a, network["uuid"], global_access=R | X)
    policy = await a.create("network-policy", "policy")
    await a.action("ref-update", type="virtual-network", uuid=network["uuid"], **to("network-policy", policy), operation="ADD")
    port = await a.interface(network, "port")
    mine = await b.interface(network, "mine")

    seen_by_a, other = await a.read("virtual-network", network["uuid"]), await b.read("virtual-network", network["uuid"])

    assert {each["uuid"] for each in seen_by_a["virtual_machine_interface_back_refs"]} == {port["uuid"]}
    assert {each["uuid"] for each in other["virtual_machine_interface_back_refs"]} == {mine["uuid"]}
    assert "network_policy_refs" in seen_by_a
    assert "network_policy_refs" not in other
    assert "routing_instances" in seen_by_a
    assert "routing_instances" not in other


async def test_links_in_lists_are_left_out_too(scene: Scene) -> None:
    a, b = await scene.tenant(), await scene.tenant()
    network = await a.network("net")
    await allow(a, network["uuid"], global_access=R | X)
    await a.interface(network, "port")
    mine = await b.interface(network, "mine")
    fields = {"obj_uuids": network["uuid"], "fields": "virtual_machine_interface_back_refs,routing_instances"}

    plain = (await b.listed("virtual-network", **fields))[0]
    detailed = (await b.listed("virtual-network", detail="true", **fields))[0]["virtual-network"]

    for each in (plain, detailed):
        assert [link["uuid"] for link in each["virtual_machine_interface_back_refs"]] == [mine["uuid"]]
        assert "routing_instances" not in each


async def test_the_administrator_sees_every_link(scene: Scene) -> None:
    a, b = await scene.tenant(), await scene.tenant()
    network = await a.network("net")
    await allow(a, network["uuid"], global_access=R | X)
    ports = [await a.interface(network, "port"), await b.interface(network, "mine")]

    seen = await World(scene.admin).read("virtual-network", network["uuid"])

    assert {each["uuid"] for each in seen["virtual_machine_interface_back_refs"]} == {port["uuid"] for port in ports}


# --- create ---


async def test_creating_needs_w_on_the_parent(scene: Scene) -> None:
    a, b = await scene.tenant(), await scene.tenant()
    intruder = World(b.api, a.domain)

    for access, status in ((0, 403), (R | X, 403), (W, 200)):
        await allow(a, a.project_id, share=[{"tenant": b.project_id, "tenant_access": access}])

        assert (await intruder.post("virtual-network", f"net-{access}")).status_code == status


async def test_a_missing_parent_is_missing_before_it_is_forbidden(scene: Scene) -> None:
    tenant = await scene.tenant()
    body = {"virtual-network": {"fq_name": [tenant.domain, "nowhere", "a"], "parent_type": "project"}}

    assert (await tenant.api.post("/virtual-networks", json=body)).status_code == 404


async def test_a_name_that_is_taken_is_said_before_what_is_forbidden(scene: Scene) -> None:
    a, b = await scene.tenant(), await scene.tenant()
    await a.network("net")

    assert (await World(b.api, a.domain).post("virtual-network", "net")).status_code == 409


@pytest.mark.parametrize("named", ["to", "uuid"])
async def test_creating_needs_x_on_what_it_refers_to(scene: Scene, named: str) -> None:
    a, b = await scene.tenant(), await scene.tenant()
    network = await a.network("net")
    refs = [{name: value for name, value in ref(network)[0].items() if name == named}]

    for access, status in ((0, 403), (R | W, 403), (X, 200)):
        await shared(a, network, b, access)

        assert (await b.post("virtual-machine-interface", f"port-{access}", virtual_network_refs=refs)).status_code == status
    assert (await b.api.get("/virtual-machine-interfaces", params={"parent_id": b.project_id, "count": "true"})).json() == {
        "virtual-machine-interfaces": {"count": 1}
    }


async def test_an_unknown_target_is_400_before_a_forbidden_one(scene: Scene) -> None:
    a, b = await scene.tenant(), await scene.tenant()
    network = await a.network("net")
    gone = {"uuid": str(uuid4())}

    response = await b.post("virtual-machine-interface", "port", virtual_network_refs=[*ref(network), gone])

    assert response.status_code == 400


async def test_what_the_server_adds_by_itself_needs_no_permission(scene: Scene) -> None:
    """The default ipam gives tenants R and X, and the routing-instance of a network of somebody else gives them nothing."""
    a, b = await scene.tenant(), await scene.tenant()
    network = await a.network("net", "10.1.1.0/24")
    await shared(a, network, b, R | X)

    port = await b.interface(network, "port")
    address = await b.address(network, virtual_machine_interface_refs=[{"uuid": port["uuid"]}])

    assert address["instance_ip_address"] == "10.1.1.252"
    assert (await scene.admin.get(f"/virtual-machine-interface/{port['uuid']}")).json()["virtual-machine-interface"][
        "routing_instance_refs"
    ]


async def test_new_objects_belong_to_their_parents_owner_or_to_the_caller(scene: Scene) -> None:
    a = await scene.tenant()
    own = a.project_id.replace("-", "")
    theirs = await a.create("project", "made", parent_type="domain", fq_name=[a.domain, "made"])
    of_admin = await scene.as_admin(a).create("project", "given", parent_type="domain", fq_name=[a.domain, "given"])
    network, machine = await a.network("net"), await a.create("virtual-machine", "vm")
    named = await a.create("virtual-network", "named", perms2={"owner": "somebody", "owner_access": 7})
    below_admin = await scene.as_admin(a).create("virtual-network", "below", fq_name=[*a.project, "below"])

    async def owner(kind: str, made: Document) -> str:
        read = (await scene.admin.get(f"/{kind}/{made['uuid']}")).json()
        return str(read[kind]["perms2"]["owner"])

    assert await owner("project", theirs) == own
    assert await owner("project", of_admin) == "cloud-admin"
    assert await owner("virtual-network", network) == own
    assert await owner("virtual-network", below_admin) == own
    assert await owner("virtual-machine", machine) == own
    assert await owner("virtual-network", named) == "somebody"


async def test_a_port_group_belongs_to_who_makes_it(scene: Scene) -> None:
    tenant = await scene.tenant()
    fabric = await scene.as_admin(tenant).create(
        "fabric",
        "f",
        parent_type="global-system-config",
        fq_name=["default-global-system-config", uuid4().hex],
        perms2={"owner": "x", "global_access": W},
    )

    made = await tenant.create("virtual-port-group", "g", parent_type="fabric", fq_name=[*fabric["fq_name"], "g"])

    assert (await tenant.read("virtual-port-group", made["uuid"]))["perms2"]["owner"] == tenant.project_id.replace("-", "")


async def test_tenants_of_a_domain_make_projects_in_it(scene: Scene) -> None:
    a = await scene.tenant()
    neighbour, stranger = await scene.tenant(beside=a), await scene.tenant()
    body = {"project": {"fq_name": [a.domain, "another"], "parent_type": "domain"}}

    assert (await stranger.api.post("/projects", json=body)).status_code == 403
    assert (await neighbour.api.post("/projects", json=body)).status_code == 200


# --- update ---


async def test_updating_needs_w(scene: Scene) -> None:
    a, b = await scene.tenant(), await scene.tenant()
    network = await a.network("net")
    uuid = network["uuid"]
    edit = {"uuid": uuid, "updates": [{"field": "annotations", "operation": "set", "value": {"key": "k", "value": "v"}}]}

    for access, status in ((0, 403), (R | X, 403), (W, 200)):
        await shared(a, network, b, access)

        assert (await b.put("virtual-network", uuid, display_name=f"by-{access}")).status_code == status
        assert (await b.api.put(f"/virtual-network/{uuid}", json={})).status_code == status
        assert (await b.action("prop-collection-update", **edit)).status_code == status
        assert (await b.action(f"virtual-network/{uuid}/ip-free", ip_addr=[])).status_code == status
    assert (await a.read("virtual-network", uuid))["display_name"] == "by-2"


async def test_addresses_of_a_network_are_taken_by_who_may_write_on_it(scene: Scene) -> None:
    a, b = await scene.tenant(), await scene.tenant()
    network = await a.network("net", "10.1.1.0/24")
    await shared(a, network, b, R | X)

    assert (await b.action(f"virtual-network/{network['uuid']}/ip-alloc", count=1)).status_code == 403
    assert (await a.action(f"virtual-network/{network['uuid']}/ip-alloc", count=1)).json() == {"ip_addr": ["10.1.1.252"]}


async def test_updating_needs_x_on_every_target_in_the_body(scene: Scene) -> None:
    a, b = await scene.tenant(), await scene.tenant()
    port = await b.interface(await b.network("net"), "port")
    group = await a.create("security-group", "group")

    refused = await b.put("virtual-machine-interface", port["uuid"], security_group_refs=ref(group))
    await shared(a, group, b, X)
    allowed = await b.put("virtual-machine-interface", port["uuid"], security_group_refs=ref(group))
    await shared(a, group, b, 0)

    assert (refused.status_code, allowed.status_code) == (403, 200)
    # The target is not in the body.
    assert (await b.put("virtual-machine-interface", port["uuid"], display_name="renamed")).status_code == 200
    assert (await b.put("virtual-machine-interface", port["uuid"], security_group_refs=ref(group))).status_code == 403
    assert (await b.put("virtual-machine-interface", port["uuid"], security_group_refs=[])).status_code == 200


def to(kind: str, target: Document) -> Document:
    return {"ref-type": kind, "ref-uuid": target["uuid"]}


async def test_a_ref_update_needs_w_on_the_object_and_x_on_its_target_only(scene: Scene) -> None:
    a, b = await scene.tenant(), await scene.tenant()
    port = await b.interface(await b.network("net"), "port")
    first, second = await a.create("security-group", "first"), await a.create("security-group", "second")
    ask = {"type": "virtual-machine-interface", "uuid": port["uuid"], "operation": "ADD"}
    by_name = {"ref-type": "security-group", "ref-fq-name": first["fq_name"]}

    assert (await b.action("ref-update", **ask, **to("security-group", first))).status_code == 403
    assert (await b.action("ref-update", **ask, **by_name)).status_code == 403
    await shared(a, first, b, X)
    assert (await b.action("ref-update", **ask, **by_name)).status_code == 200
    await shared(a, first, b, 0)
    await shared(a, second, b, X)
    # Not on the first one, which is not named.
    assert (await b.action("ref-update", **ask, **to("security-group", second))).status_code == 200
    assert (await b.action("ref-update", **{**ask, "operation": "DELETE"}, **to("security-group", first))).status_code == 403
    # The owner of the target has X on it, and no W on the port.
    assert (await a.action("ref-update", **ask, **to("security-group", first))).status_code == 403
    assert (await a.action("ref-relax-for-delete", uuid=port["uuid"], **{"ref-uuid": first["uuid"]})).status_code == 403
    assert (await b.action("ref-relax-for-delete", uuid=port["uuid"], **{"ref-uuid": first["uuid"]})).status_code == 200


async def test_tagging_needs_w_on_the_object_and_x_on_what_is_added(scene: Scene) -> None:
    a, b = await scene.tenant(), await scene.tenant()
    network, value = await a.network("net"), uuid4().hex
    tag = {"tag": {"fq_name": [f"site={value}"], "tag_type_name": "site", "tag_value": value}}
    made = (await scene.admin.post("/tags", json=tag)).json()["tag"]
    ask = {"obj_type": "virtual-network", "obj_uuid": network["uuid"]}
    site = {"site": {"value": value, "is_global": True}}

    assert (await a.action("set-tag", **ask, **site)).status_code == 403
    await allow(World(scene.admin), made["uuid"], global_access=R | X)
    assert (await b.action("set-tag", **ask, **site)).status_code == 403
    assert (await a.action("set-tag", **ask, **site)).status_code == 200
    assert (await b.action("set-tag", **ask, site=None)).status_code == 403
    assert (await a.action("set-tag", **ask, site=None)).status_code == 200


# --- delete ---


async def test_only_the_owner_deletes(scene: Scene) -> None:
    a, b = await scene.tenant(), await scene.tenant()
    network = await a.network("net")
    await allow(a, network["uuid"], global_access=7, share=[{"tenant": b.project_id, "tenant_access": 7}])

    assert (await b.delete("virtual-network", network["uuid"])).status_code == 403
    await allow(a, network["uuid"], owner_access=R | X)
    assert (await a.delete("virtual-network", network["uuid"])).status_code == 403
    await allow(scene.as_admin(a), network["uuid"], owner_access=W)
    assert (await a.delete("virtual-network", network["uuid"])).status_code == 200


@pytest.mark.parametrize("kind", ["virtual-machine", "instance-ip"])
async def test_objects_without_parent_are_their_owners_too(scene: Scene, kind: str) -> None:
    a, b = await scene.tenant(), await scene.tenant()
    body = {"virtual_network_refs": ref(await a.network("net", "10.1.1.0/24"))} if kind == "instance-ip" else {}
    made = await a.create(kind, "mine", **body)

    assert (await b.delete(kind, made["uuid"])).status_code == 403
    assert (await a.delete(kind, made["uuid"])).status_code == 200


async def test_what_goes_along_with_an_object_needs_no_permission_of_its_own(scene: Scene) -> None:
    a = await scene.tenant()
    network = await a.network("net")
    instance = network["routing_instances"][0]["uuid"]
    await allow(scene.as_admin(a), instance, owner="somebody")

    assert (await a.delete("virtual-network", network["uuid"])).status_code == 200


async def test_the_administrator_deletes_anything(scene: Scene) -> None:
    network = await (await scene.tenant()).network("net")

    assert (await World(scene.admin).delete("virtual-network", network["uuid"])).status_code == 200


# --- chmod, chown, obj-perms ---


async def test_permissions_are_changed_by_who_may_read_and_write(scene: Scene) -> None:
    a, b = await scene.tenant(), await scene.tenant()
    network = await a.network("net")
    uuid, owner = network["uuid"], a.project_id

    for access, status in ((0, 403), (R | X, 403), (W | X, 403), (R | W, 200)):
        await shared(a, network, b, access)

        assert (await b.action("chown", uuid=uuid, owner=owner)).status_code == status
        assert (await b.action("chmod", uuid=uuid)).status_code == status
        assert (await b.action("chmod", uuid=uuid, owner_access=7)).status_code == status


async def test_who_gives_an_object_away_has_it_no_more(scene: Scene) -> None:
    a, b = await scene.tenant(), await scene.tenant()
    uuid = (await a.network("net"))["uuid"]

    assert (await a.action("chown", uuid=uuid, owner=b.project_id)).status_code == 200

    assert (await a.api.get(f"/virtual-network/{uuid}")).status_code == 403
    assert (await b.delete("virtual-network", uuid)).status_code == 200


async def test_obj_perms_tells_what_a_caller_may_do(scene: Scene) -> None:
    a, b = await scene.tenant(), await scene.tenant()
    network = await a.network("net")
    await shared(a, network, b, R | X)

    async def permissions(world: World, **query: str) -> Any:
        return (await world.api.get("/obj-perms", params=query)).json()["permissions"]

    assert await permissions(a, uuid=network["uuid"]) == "RWX"
    assert await permissions(b, uuid=network["uuid"]) == "RX"
    assert await permissions(b) == ""
    assert await permissions(World(scene.admin)) == "RWX"
    assert (await b.api.get("/obj-perms", params={"uuid": str(uuid4())})).status_code == 404
    examined = {"X-User-Token": b.api.headers["X-Auth-Token"]}
    shown = (await scene.admin.get("/obj-perms", params={"uuid": network["uuid"]}, headers=examined)).json()
    assert (shown["permissions"], shown["is_cloud_admin_role"]) == ("RX", False)


# --- hidden objects ---


async def test_hidden_objects_are_not_there_for_users(scene: Scene) -> None:
    a = await scene.tenant()
    admin = scene.as_admin(a)
    hidden = await admin.create("virtual-network", "hidden", id_perms={"user_visible": False})
    uuid = hidden["uuid"]
    seen = await a.create("virtual-network", "seen")

    assert (await a.api.get(f"/virtual-network/{uuid}")).status_code == 404
    assert (await a.put("virtual-network", uuid, display_name="x")).status_code == 404
    assert (await a.delete("virtual-network", uuid)).status_code == 404
    assert (await a.action("fqname-to-id", type="virtual-network", fq_name=hidden["fq_name"])).status_code == 404
    assert (await a.action("chmod", uuid=uuid)).status_code == 404
    assert (await a.api.get("/obj-perms", params={"uuid": uuid})).status_code == 404
    assert [each["uuid"] for each in await a.listed("virtual-network", parent_id=a.project_id)] == [seen["uuid"]]
    assert [each["uuid"] for each in (await a.read("project", a.project_id))["virtual_networks"]] == [seen["uuid"]]
    auditor = World(await scene.user("auditor"))
    assert (await auditor.api.get(f"/virtual-network/{uuid}")).status_code == 404
    assert (await admin.read("virtual-network", uuid))["id_perms"]["user_visible"] is False


async def test_what_the_server_hides_for_itself_follows_its_users_object(scene: Scene) -> None:
    a = await scene.tenant()
    router = await a.create("logical-router", "r", logical_router_type="vxlan-routing")
    targets = {"route_target": ["target:64999:7"]}

    assert (await a.put("logical-router", router["uuid"], configured_route_target_list=targets)).status_code == 200
    assert "virtual_network_refs" not in await a.read("logical-router", router["uuid"])
    hidden = (await World(scene.admin).read("logical-router", router["uuid"]))["virtual_network_refs"]
    assert (await a.api.get(f"/virtual-network/{hidden[0]['uuid']}")).status_code == 404
    assert (await a.delete("logical-router", router["uuid"])).status_code == 200
    assert (await scene.admin.get(f"/virtual-network/{hidden[0]['uuid']}")).status_code == 404


async def test_only_the_administrator_hides(scene: Scene) -> None:
    a = await scene.tenant()

    refused = await a.post("virtual-network", "hidden", id_perms={"user_visible": False})

    assert (refused.status_code, refused.text) == (400, "This object is not visible by users")


async def test_the_administrators_role_header_is_not_what_shows_hidden_objects(scene: Scene) -> None:
    a = await scene.tenant()
    hidden = await scene.as_admin(a).create("virtual-network", "hidden", id_perms={"user_visible": False})

    response = await a.api.get(f"/virtual-network/{hidden['uuid']}", headers={"X-API-ROLE": "cloud-admin"})

    assert response.status_code == 404


# --- odd documents ---


@pytest.mark.parametrize("share", [[], [{}], [{"tenant": ""}], [{"tenant": "x", "tenant_access": "5"}]])
async def test_odd_shares_break_no_list(scene: Scene, share: list[Any]) -> None:
    a, b = await scene.tenant(), await scene.tenant()
    made = await a.post("virtual-network", "odd", perms2={"owner": a.project_id, "share": share})

    if made.status_code == 200:
        uuid = made.json()["virtual-network"]["uuid"]
        assert (await b.api.get(f"/virtual-network/{uuid}")).status_code == 403
    assert (await b.api.get("/virtual-networks", params={"shared": "true"})).status_code == 200
