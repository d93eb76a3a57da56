"""Property values against the schema, rule by rule (contract 2.5)."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_server.model.catalog import load
from api_server.model.validation import parse_attribute, parse_document, parse_properties, parse_structure

CATALOG = load()
NETWORK = CATALOG["virtual-network"]
PORT = CATALOG["virtual-machine-interface"]

TEXT = st.text("aé1:.\x00\ud800", max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
STRUCTURES = st.sampled_from(sorted(CATALOG.structures))


def stored(name: str, value: Any, kind: str = "virtual-network") -> Any:
    """What is stored of a sound value."""
    parsed, problems = parse_properties(CATALOG, CATALOG[kind], {name: value})
    assert problems == []
    return parsed[name]


def problem(name: str, value: Any, kind: str = "virtual-network") -> str:
    """The one problem of an unsound value."""
    _, problems = parse_properties(CATALOG, CATALOG[kind], {name: value})
    (only,) = problems
    return only


def pair(**values: Any) -> dict[str, Any]:
    return {"allowed_address_pair": [values]}


def test_unknown_names_and_nulls_are_left_out() -> None:
    assert parse_properties(CATALOG, NETWORK, {"fq_name": ["a"], "colour": "red", "mtu": None}) == ({}, [])


@pytest.mark.parametrize("value", [1400, "1400", " 1400 ", "+1400", 1400.0])
def test_an_integer_is_a_number_or_a_numeric_string(value: Any) -> None:
    assert stored("mtu", value) == 1400
    assert type(stored("mtu", value)) is int


@pytest.mark.parametrize("value", ["12a", "1e3", "١٤", 1400.5, True, [1400], {"a": 1}, "9" * 41, float("inf")])
def test_anything_else_is_no_integer(value: Any) -> None:
    assert problem("mtu", value).startswith("mtu: ")
    assert "is not an integer" in problem("mtu", value)


@pytest.mark.parametrize("value", [-1, 9217, "9217", 10**30, 1e300])
def test_an_integer_outside_its_range_names_the_range(value: Any) -> None:
    assert "is not between 0 and 9216" in problem("mtu", value)


def test_an_integer_without_range_fits_64_bits() -> None:
    path = ("virtual_network_properties", "network_id")

    assert stored(path[0], {path[1]: 2**63 - 1}) == {path[1]: 2**63 - 1}
    assert problem(path[0], {path[1]: 2**63}).startswith("virtual_network_properties.network_id: 9223372036854775808 is not between")


def test_an_unsigned_long_reaches_two_to_the_64() -> None:
    assert stored("access_control_list_hash", str(2**64 - 1), "access-control-list") == 2**64 - 1
    assert "is not between 0 and" in problem("access_control_list_hash", 2**64, "access-control-list")
    assert "is not between 0 and" in problem("access_control_list_hash", -1, "access-control-list")


@pytest.mark.parametrize("value", ["true", 1, "yes", ["x"]])
def test_a_boolean_is_a_json_boolean(value: Any) -> None:
    assert problem("is_shared", value) == f"is_shared: {value!r} is not true or false" or problem("is_shared", value).endswith(
        "is not true or false"
    )


def test_an_enum_names_its_values() -> None:
    assert problem("virtual_network_category", "home") == "virtual_network_category: 'home' is not one of infra, tenant, internal, routed"
    assert stored("virtual_network_category", "routed") == "routed"


@pytest.mark.parametrize("value", ["2024-05-01T10:11:12.123456", "2024-05-01T10:11:12Z", "2024-05-01"])
def test_a_date_is_iso_8601(value: str) -> None:
    assert parse_structure(CATALOG, "TimerType", {"start_time": value}, "timer") == ({"start_time": value}, [])


def test_a_date_of_another_form_is_refused() -> None:
    assert parse_structure(CATALOG, "TimerType", {"start_time": "1 May"}, "timer")[1] == [
        "timer.start_time: '1 May' is not a date and time as ISO-8601 writes it"
    ]


@pytest.mark.parametrize("value", ["a\x00b", "\ud800", "x\udfff"])
def test_a_string_that_the_database_cannot_hold_is_refused(value: str) -> None:
    sentence = problem("display_name", value)

    assert "without NUL characters and lone surrogates" in sentence
    sentence.encode()


@pytest.mark.parametrize("value", ["", 0, False, [], {}, 0.0])
@pytest.mark.parametrize("name", ["mtu", "is_shared", "display_name", "virtual_network_properties"])
def test_falsy_values_are_stored_as_they_are(name: str, value: Any) -> None:
    assert stored(name, value) is value


def test_falsy_values_inside_a_structure_are_stored_as_they_are() -> None:
    value = {"mtu": "", "rpf": None, "forwarding_mode": 0}

    assert stored("virtual_network_properties", value) == value


@pytest.mark.parametrize("value", ["", 0, [], {}, {"key_value_pair": None}, {"key_value_pair": []}])
def test_an_empty_collection_is_empty_however_it_is_spelt(value: Any) -> None:
    assert stored("annotations", value) == {}


def test_an_unknown_sub_key_is_refused_with_its_structure() -> None:
    assert (
        problem("virtual_network_properties", {"colour": 1})
        == "virtual_network_properties: VirtualNetworkType does not have field 'colour'"
    )


def test_every_problem_is_told_with_its_path() -> None:
    rules = {"policy_rule": [{"protocol": 6, "src_ports": [{"start_port": 70000}]}, {"direction": "<"}]}
    _, problems = parse_properties(CATALOG, CATALOG["network-policy"], {"network_policy_entries": rules})

    assert problems == [
        "network_policy_entries.policy_rule[0].protocol: 6 is not a string",
        "network_policy_entries.policy_rule[0].src_ports[0].start_port: 70000 is not between -1 and 65535",
        "network_policy_entries.policy_rule[1].direction: '<' is not one of >, <>",
    ]


@pytest.mark.parametrize("value", ["text", 5, ["x"], True])
def test_a_structure_is_an_object(value: Any) -> None:
    assert problem("virtual_network_properties", value).endswith("is not an object")


@pytest.mark.parametrize("element", [None, "", 0, "text", []])
def test_an_element_of_a_list_of_structures_is_an_object(element: Any) -> None:
    assert problem("annotations", {"key_value_pair": [element]}).startswith("annotations.key_value_pair[0]")


def test_a_list_is_a_list() -> None:
    assert problem("route_target_list", {"route_target": "target:1:2"}) == "route_target_list.route_target: 'target:1:2' is not a list"


def test_ipam_subnets_lose_their_host_bits_and_other_subnets_keep_them() -> None:
    subnet = {"ip_prefix": "10.0.0.7", "ip_prefix_len": "24"}
    attr, problems = parse_attribute(CATALOG, NETWORK.refs["network_ipam_refs"], {"ipam_subnets": [{"subnet": subnet}]})

    assert problems == []
    assert attr == {"ipam_subnets": [{"subnet": {"ip_prefix": "10.0.0.0", "ip_prefix_len": 24}}]}
    assert stored("subnet_ip_prefix", subnet, "subnet") == {"ip_prefix": "10.0.0.7", "ip_prefix_len": 24}


@pytest.mark.parametrize(
    ("subnet", "at_fault"),
    [
        ({"ip_prefix": "10.0.0.256", "ip_prefix_len": 24}, "ip_prefix: '10.0.0.256' is not an IP address"),
        ({"ip_prefix": "10.0.0.0/24"}, "ip_prefix: '10.0.0.0/24' is not an IP address"),
        ({"ip_prefix": "fe80::1%eth0", "ip_prefix_len": 64}, "ip_prefix: 'fe80::1%eth0' is not an IP address"),
        ({"ip_prefix": "10.0.0.0", "ip_prefix_len": 33}, "ip_prefix_len: 33 is not between 0 and 32"),
        ({"ip_prefix": "fd00::", "ip_prefix_len": 129}, "ip_prefix_len: 129 is not between 0 and 128"),
    ],
)
def test_a_subnet_has_an_address_and_a_length_that_fits(subnet: dict[str, Any], at_fault: str) -> None:
    assert problem("subnet_ip_prefix", subnet, "subnet") == f"subnet_ip_prefix.{at_fault}"


@pytest.mark.parametrize(
    ("prefix", "length", "fits"),
    [("10.0.0.0", 24, True), ("10.0.0.0", 23, False), ("fd00::", 120, True), ("fd00::", 119, False)],
)
def test_an_active_standby_pair_is_narrow(prefix: str, length: int, fits: bool) -> None:
    value = pair(ip={"ip_prefix": prefix, "ip_prefix_len": length}, address_mode="active-standby")
    _, problems = parse_properties(CATALOG, PORT, {"virtual_machine_interface_allowed_address_pairs": value})

    assert (problems == []) is fits


def test_an_active_active_pair_may_be_wide() -> None:
    value = pair(ip={"ip_prefix": "10.0.0.0", "ip_prefix_len": 8}, address_mode="active-active")

    assert stored("virtual_machine_interface_allowed_address_pairs", value, PORT.name) == value


def test_an_address_pair_with_an_address_says_its_mode() -> None:
    value = pair(ip={"ip_prefix": "10.0.0.0", "ip_prefix_len": 24}, mac="02:00:00:00:00:01")

    assert "address_mode: must be given" in problem("virtual_machine_interface_allowed_address_pairs", value, PORT.name)


@pytest.mark.parametrize(("value", "fits"), [("no-export", True), ("64512:100", True), ("accept", False), ("a:1", False), ("1:2:3", False)])
def test_a_community_is_a_known_name_or_two_numbers(value: str, fits: bool) -> None:
    _, problems = parse_structure(CATALOG, "CommunityAttributes", {"community_attribute": [value]}, "x")

    assert (problems == []) is fits


@pytest.mark.parametrize(("value", "fits"), [("left", True), ("management", True), ("other12", True), ("middle", False), ("left1", False)])
def test_a_service_interface_has_one_of_the_known_names(value: str, fits: bool) -> None:
    _, problems = parse_structure(CATALOG, "ServiceInterfaceTag", {"interface_type": value}, "x")

    assert (problems == []) is fits


def test_a_repeated_key_of_a_map_keeps_the_last_value() -> None:
    pairs = [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}, {"key": "a", "value": "3"}]

    assert stored("annotations", {"key_value_pair": pairs}) == {"key_value_pair": [{"key": "a", "value": "3"}, {"key": "b", "value": "2"}]}


@pytest.mark.parametrize("element", [{"value": "v"}, {"key": None, "value": "v"}, {"key": ""}])
def test_an_element_of_a_map_has_its_key(element: dict[str, Any]) -> None:
    assert problem("annotations", {"key_value_pair": [element]}) == "annotations.key_value_pair[0].key: must be given"


def test_a_numeric_key_may_be_zero_or_a_numeric_string() -> None:
    pairs = [{"key": 0, "forwarding_class_id": 1}, {"key": "46", "forwarding_class_id": 2}]
    value = stored("dscp_entries", {"qos_id_forwarding_class_pair": pairs}, "qos-config")

    assert [element["key"] for element in value["qos_id_forwarding_class_pair"]] == [0, 46]


@pytest.mark.parametrize(
    ("name", "value", "at_fault"),
    [
        ("id_perms", {"enable": ""}, "id_perms.enable: '' is not true or false"),
        ("id_perms", {"description": 0}, "id_perms.description: 0 is not a string"),
        ("id_perms", "", "id_perms: '' is not an object"),
        ("perms2", {"share": {}}, "perms2.share: dict {} is not a list"),
        ("perms2", {"global_access": []}, "perms2.global_access: list [] is not an integer"),
        ("perms2", {"share": [{"tenant": "a", "tenant_access": 8}]}, "perms2.share[0].tenant_access: 8 is not between 0 and 7"),
    ],
)
def test_documents_kept_in_columns_refuse_falsy_values_of_another_type(name: str, value: Any, at_fault: str) -> None:
    assert parse_document(CATALOG, name, value)[1] == [at_fault]


def test_documents_kept_in_columns_may_hold_nulls() -> None:
    value = {"enable": False, "description": None, "creator": ""}

    assert parse_document(CATALOG, "id_perms", value) == (value, [])


def test_a_ref_without_attribute_type_carries_no_attribute() -> None:
    assert parse_attribute(CATALOG, PORT.refs["virtual_network_refs"], {"any": "thing"}) == (None, [])


def test_problems_of_a_ref_name_the_ref() -> None:
    _, problems = parse_attribute(CATALOG, NETWORK.refs["network_policy_refs"], {"sequence": {"major": "x"}})

    assert problems == ["network_policy_refs.attr.sequence.major: 'x' is not an integer"]
    assert parse_attribute(CATALOG, NETWORK.refs["network_policy_refs"], "x", "here")[1] == ["here: 'x' is not an object"]


def test_ten_thousand_elements_are_read_and_ten_thousand_problems_are_told_briefly() -> None:
    good = {"key_value_pair": [{"key": f"k{n}", "value": "v"} for n in range(10_000)]}
    bad = {"key_value_pair": [{"key": f"k{n}", "value": n + 1} for n in range(10_000)]}

    assert len(stored("annotations", good)["key_value_pair"]) == 10_000
    _, problems = parse_properties(CATALOG, NETWORK, {"annotations": bad})
    assert (len(problems), problems[-1]) == (21, "and 9980 more")


@given(st.dictionaries(st.sampled_from(sorted(NETWORK.properties)), JSON))
def test_any_json_gives_values_or_sentences_that_can_be_sent(body: dict[str, Any]) -> None:
    parsed, problems = parse_properties(CATALOG, NETWORK, body)

    assert all(sentence.encode() and "\x00" not in sentence for sentence in problems)
    if not problems:
        assert parse_properties(CATALOG, NETWORK, parsed) == (parsed, [])


@given(STRUCTURES, JSON)
def test_a_sound_structure_can_be_stored_and_is_read_back_the_same(name: str, value: Any) -> None:
    parsed, problems = parse_structure(CATALOG, name, value, "it")

    if not problems:
        assert "\\u0000" not in json.dumps(parsed)
        assert parse_structure(CATALOG, name, parsed, "it") == (parsed, [])


@given(STRUCTURES, st.data())
def test_what_is_parsed_of_known_fields_is_stable(name: str, data: st.DataObject) -> None:
    fields = CATALOG.structures[name]
    value = {field: data.draw(st.none() | st.integers() | TEXT | st.lists(TEXT)) for field in fields}
    parsed, problems = parse_structure(CATALOG, name, value, "it")

    assert problems or parse_structure(CATALOG, name, parsed, "it") == (parsed, [])
