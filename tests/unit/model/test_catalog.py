"""The schema as data: what the files say, and what is computed from them."""

import shutil
from pathlib import Path

import pytest

from api_server.model.catalog import Catalog, SchemaError, load, schemas_directory


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load()


def test_catalog_holds_every_kind_and_every_shared_type(catalog: Catalog) -> None:
    assert (len(catalog), len(catalog.structures)) == (126, 222)


def test_own_properties_refs_children_and_back_refs_are_as_many_as_the_original_has(catalog: Catalog) -> None:
    common = {"display_name", "annotations"}

    # 895 less the four common ones of 126 kinds, and tag_value_range, which only contract 3.4 names.
    assert sum(len(kind.properties.keys() - common) for kind in catalog) == 895 - 4 * 126 + 1
    assert sum(len(kind.refs) for kind in catalog) == 286
    assert sum(len(kind.back_refs) for kind in catalog) == 286
    assert sum(len(kind.children) for kind in catalog) == sum(len(kind.parents) for kind in catalog) == 126


@pytest.mark.parametrize(
    ("name", "parents"),
    [
        ("virtual-machine-interface", ("virtual-machine", "project", "virtual-router")),
        ("tag", ("config-root", "project")),
        ("instance-ip", ()),
    ],
)
def test_parents_are_in_the_order_of_the_contract(catalog: Catalog, name: str, parents: tuple[str, ...]) -> None:
    assert catalog[name].parents == parents


def test_derived_children_are_the_four_links_of_the_contract(catalog: Catalog) -> None:
    derived = {(kind.name, rule.kind) for kind in catalog for rule in kind.children.values() if rule.derived}

    assert derived == {
        ("virtual-network", "access-control-list"),
        ("security-group", "access-control-list"),
        ("virtual-network", "routing-instance"),
        ("service-instance", "port-tuple"),
    }


def test_derived_refs_and_their_back_refs_are_the_three_to_a_service_instance(catalog: Catalog) -> None:
    kinds = {"virtual-machine", "service-health-check", "interface-route-table"}

    assert {kind.name for kind in catalog for rule in kind.refs.values() if rule.derived} == kinds
    assert {rule.kind for rule in catalog["service-instance"].back_refs.values() if rule.derived} == kinds


def test_every_kind_may_carry_tags_and_a_tag_knows_every_kind(catalog: Catalog) -> None:
    assert all(kind.refs["tag_refs"].target == "tag" for kind in catalog)
    assert {rule.kind for rule in catalog["tag"].back_refs.values()} == set(catalog.kinds)


def test_collections_are_the_complete_set_of_the_contract(catalog: Catalog) -> None:
    maps = {name for kind in catalog for name, rule in kind.properties.items() if rule.collection == "map"}
    lists = {name for kind in catalog for name, rule in kind.properties.items() if rule.collection == "list"}

    assert maps == {
        "annotations",
        "virtual_machine_interface_bindings",
        "service_instance_bindings",
        "virtual_router_sriov_physical_networks",
        "dscp_entries",
        "vlan_priority_entries",
        "mpls_exp_entries",
        "user_defined_log_statistics",
    }
    assert len(lists) == 16
    assert catalog["global-system-config"].properties["user_defined_log_statistics"].map_key == "name"
    assert catalog["network-ipam"].properties["ipam_subnets"].element == "subnets"


def test_a_named_scalar_gives_its_type_and_its_limits(catalog: Catalog) -> None:
    mtu = catalog["virtual-network"].properties["mtu"]

    assert (mtu.type, mtu.simple, mtu.low, mtu.high) == ("integer", "NetworkMtuType", 0, 9216)


def test_names_are_found_with_hyphens_underscores_and_in_the_plural(catalog: Catalog) -> None:
    dns = catalog["virtual-DNS"]

    assert catalog.find("virtual_DNS") is catalog.find("virtual-DNS") is catalog.by_collection("virtual-DNSs") is dns
    assert (dns.snake, dns.collection) == ("virtual_DNS", "virtual-DNSs")
    assert catalog.find("virtual-dns") is None


def test_every_map_element_has_its_key_as_a_field(catalog: Catalog) -> None:
    for kind in catalog:
        for rule in kind.properties.values():
            if rule.map_key:
                element = catalog.structures[rule.type][rule.element]
                assert rule.map_key in catalog.structures[element.type], rule.name


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name: mast\nparents: [mist]\n", "no kind is called mist"),
        ("name: mist\nparents: []\n", "belongs in mist.yaml"),
        ("name: mast\nparents: []\nproperties: {height: Feet}\n", "has the type Feet"),
        ("- mast\n", "a mapping is expected"),
    ],
)
def test_load_names_what_is_wrong_with_a_file(tmp_path: Path, text: str, sentence: str) -> None:
    directory = Path(shutil.copytree(schemas_directory(), tmp_path / "schemas"))
    (directory / "kinds" / "mast.yaml").write_text(text)

    with pytest.raises(SchemaError, match=sentence):
        load(directory)
