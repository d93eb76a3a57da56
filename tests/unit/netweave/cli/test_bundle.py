"""Files to items, and items to an order."""

from pathlib import Path
from typing import Any

import pytest

from netweave.cli.bundle import Item, items_in, ordered
from netweave.cli.exits import Usage

NETWORK = """
virtual-network:
  fq_name: [d, p, blue]
  network_ipam_refs: [{to: [d, p, ipam], attr: {ipam_subnets: []}}]
"""


def item(kind: str, name: str, **document: Any) -> Item:
    return Item(kind, {"fq_name": name.split(":"), **document}, "here")


def written(folder: Path, text: str, name: str = "file.yaml") -> Path:
    file = folder / name
    file.write_text(text)
    return file


def test_a_document_is_a_kind_and_an_object_a_list_is_many(tmp_path: Path) -> None:
    file = written(tmp_path, NETWORK + "---\n---\n- vn: {fq_name: 'd:p:red'}\n- virtual_DNS: {uuid: x}\n")

    assert [str(item) for item in items_in([file])] == ["virtual-network d:p:blue", "virtual-network d:p:red", "virtual-DNS x"]


def test_a_folder_is_read_in_order_of_names_and_json_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    written(tmp_path, '{"project": {"fq_name": ["d", "b"]}}', "b.json")
    written(tmp_path, "project: {fq_name: [d, a]}", "a.yml")
    written(tmp_path / "sub", "project: {fq_name: [d, c]}", "c.yaml")
    written(tmp_path, "not: [read", "README.md")

    assert [str(item) for item in items_in([tmp_path])] == ["project d:a", "project d:b", "project d:c"]


def test_plain_words_mean_what_they_mean_in_json(tmp_path: Path) -> None:
    file = written(tmp_path, "vm: {fq_name: x, a: 12:34:56:12:34:56, b: on, c: 2024-05-01, d: true, e: 7, f: 1.5, g: , h: 010, i: 'true'}")

    document = items_in([file])[0].document
    assert [document[key] for key in "abcdefghi"] == ["12:34:56:12:34:56", "on", "2024-05-01", True, 7, 1.5, None, "010", "true"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("project: [", "file.yaml"),
        ("just text", "expected {<kind>: {...}}"),
        ("project: 5", "project: expected a mapping"),
        ("project: {display_name: x}", "project: fq_name is missing"),
        ("project: {fq_name: [d, 5]}", "fq_name: expected a list of texts, not ['d', 5]"),
        ("project: {fq_name: []}", "fq_name: expected a list of texts"),
        ("project: {uuid: 5}", "uuid: expected a text, not 5"),
        ("- project: {fq_name: [d, p]}\n- prj: {fq_name: 'd:p'}", "project d:p is in"),
    ],
)
def test_a_file_that_cannot_be_understood_is_told_by_name_and_reason(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(Usage) as caught:
        items_in([written(tmp_path, text)])

    assert words in str(caught.value)
    assert "file.yaml" in str(caught.value)


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(Usage) as caught:
        items_in([written(tmp_path, "- project: {}\n- project: 5\n")])

    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize("name", ["missing.yaml", ""], ids=["no file", "an empty folder"])
def test_nothing_to_read_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(Usage, match=r"No such file|no \.json, \.yaml, \.yml file"):
        items_in([tmp_path / name])


def test_parents_and_targets_of_refs_come_first() -> None:
    interface = item("virtual-machine-interface", "d:p:i", parent_type="project", virtual_network_refs=[{"to": ["d", "p", "n"]}])
    network = item("virtual-network", "d:p:n", network_ipam_refs=[{"uuid": "u"}])
    ipam, project = item("network-ipam", "d:p:ipam", uuid="u"), item("project", "d:p")

    assert ordered([interface, network, ipam, project]) == [project, ipam, network, interface]


def test_what_needs_nothing_of_one_another_stays_as_given() -> None:
    items = [item("project", f"d:{name}") for name in "cab"]

    assert ordered(items) == items


def test_a_ref_to_what_a_parent_makes_waits_for_the_parent() -> None:
    target = item("virtual-machine-interface", "d:p:i", routing_instance_refs=[{"to": ["d", "p", "n", "n"]}])
    network = item("virtual-network", "d:p:n")

    assert ordered([target, network]) == [network, target]


def test_a_circle_is_entered_at_its_first() -> None:
    one = item("virtual-network", "d:p:1", virtual_network_refs=[{"to": ["d", "p", "2"]}])
    two = item("virtual-network", "d:p:2", virtual_network_refs=[{"to": ["d", "p", "1"]}])

    assert ordered([one, two]) == [one, two]
