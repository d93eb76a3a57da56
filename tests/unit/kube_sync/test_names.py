"""Names and uuids: the same today and tomorrow, for this worker and for a twin (4.1, 10)."""

import pytest

from kube_sync.model.names import CHOICES, Names, annotations_of

UID = "0f8b2f3a-6c0e-4b8e-9d2a-5c1f6a7b8c9d"


def test_names_are_those_that_were_agreed() -> None:
    names = Names("k8s")

    assert names.default_network == ("default-domain", "k8s-default", "k8s-default-pod-network")
    assert names.pod_ipam[-1] == "k8s-pod-ipam"
    assert names.default_reference == "k8s-default/k8s-default-pod-network"
    assert names.machine("ns", "web-0") == ("k8s__ns__web-0",)


def test_a_shared_project_holds_all_namespaces_and_keeps_namesakes_apart() -> None:
    names = Names("k8s", shared=("default-domain", "all"))

    assert names.default_network == ("default-domain", "all", "k8s-default-pod-network")
    assert names.network("a", "n1") == ("default-domain", "all", "k8s-a-n1-pod-network")
    assert names.ipam("a", "n1") == ("default-domain", "all", "k8s-a-n1-pod-ipam")
    assert names.isolated_network("a") == ("default-domain", "all", "k8s-a-pod-network")


@pytest.mark.parametrize("names", [Names("k8s"), Names("k8s", shared=("default-domain", "all"))], ids=["own", "shared"])
def test_only_the_default_namespace_would_be_isolated_in_the_cluster_wide_network(names: Names) -> None:
    assert names.isolated_network("default") == names.default_network
    assert names.isolated_network("team") != names.default_network


def test_uuids_depend_on_cluster_pod_and_index_alone() -> None:
    # Written down once: what a release gave, every later one must give, or its objects would be orphans.
    assert Names("k8s").interface_uuid(UID, 0) == "734aab71-352d-5493-acdf-0e6a4eda6afb"
    assert Names("k8s").interface_uuid(UID, 0) != Names("k8s").interface_uuid(UID, 1)
    assert Names("k8s").interface_uuid(UID, 0) != Names("other").interface_uuid(UID, 0)


@pytest.mark.parametrize("uid", ["a" * 32, "not-a-uuid", UID.upper()])
def test_a_machine_has_the_pods_uid_or_a_uuid_made_of_it(uid: str) -> None:
    assert Names("k8s").machine_uuid(UID) == UID
    assert Names("k8s").machine_uuid(uid) == Names("k8s").uuid("machine", uid)


def test_only_objects_with_our_marks_are_ours() -> None:
    pairs = [{"key": key, "value": value} for key, value in Names("k8s").marks("Pod", "ns", "web-0").items()]

    assert Names("k8s").owns({"annotations": {"key_value_pair": pairs}})
    assert not Names("other").owns({"annotations": {"key_value_pair": pairs}})
    assert not Names("k8s").owns({})
    assert not Names("k8s").owns({"annotations": None})
    assert not Names("k8s").owns({"annotations": {}})
    assert annotations_of({"annotations": {"key_value_pair": pairs}})["project"] == "k8s-ns"


def test_the_first_builds_of_this_worker_are_told_from_the_old_manager_by_what_they_made_uuids_of() -> None:
    names = Names("k8s")
    marks = {key: value for key, value in names.marks("Pod", "ns", "web-0").items() if key != "manager"}

    assert names.is_ours(marks, names.uuid("project", "ns"))
    assert names.is_ours({**marks, CHOICES: "[]"}, UID)
    assert not names.is_ours(marks, UID)
    assert [names.is_old(marks, uuid) for uuid in (names.uuid("project", "ns"), UID)] == [False, True]


@pytest.mark.parametrize(
    ("template", "network", "ipam"),
    [
        ("auto", "k8s-blue-pod-network", "k8s-blue-pod-ipam"),
        ("{namespace}.{nad}", "shop.blue", "shop.blue-pod-ipam"),
        ("{cluster}-{namespace}-{nad}-pod-network", "k8s-shop-blue-pod-network", "k8s-shop-blue-pod-ipam"),
    ],
)
def test_a_template_names_networks_and_their_ipams_but_never_makes_their_uuids(template: str, network: str, ipam: str) -> None:
    names = Names("k8s", template)

    assert (names.network("shop", "blue")[-1], names.ipam("shop", "blue")[-1]) == (network, ipam)
    assert names.uuid("network", "shop", "blue") == Names("k8s").uuid("network", "shop", "blue")


def test_a_network_that_another_definition_made_is_not_this_ones() -> None:
    marks = Names("k8s").marks("NetworkAttachmentDefinition", "shop", "blue")
    document = {"annotations": {"key_value_pair": [{"key": key, "value": value} for key, value in marks.items()]}}

    assert Names("k8s").made_for(("NetworkAttachmentDefinition", "shop", "blue"), document)
    assert not Names("k8s").made_for(("NetworkAttachmentDefinition", "shop-blue", ""), document)
    assert not Names("other").made_for(("NetworkAttachmentDefinition", "shop", "blue"), document)
