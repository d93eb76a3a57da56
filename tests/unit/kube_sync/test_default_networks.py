"""Which network a pod has first, and what a namespace's annotations must say for it (2.4, S6, G8)."""

import json
from dataclasses import replace

import pytest

from kube_sync.cluster.cache import Cache
from kube_sync.model.defaults import ISOLATION, Defaults, defaults_of, is_isolated
from kube_sync.model.documents import annotations
from kube_sync.model.names import FqName, Names
from kube_sync.model.networks import FORWARDING, SNAT
from kube_sync.model.objects import DEFINITION, NAMESPACE, NETWORK, POD, Key, Namespace, Pod, namespace_key
from kube_sync.model.refusals import InvalidAnnotation, NetworkNotFound, NetworkPending, Refusal, TargetNotFound
from kube_sync.reconcile.default_networks import DefaultNetworks, Row, Rows
from tests.unit.kube_sync.fakes import RULES, pod

NAMES = Names("k8s")
CLUSTER_WIDE = NAMES.default_network
TARGET = ("default-domain", "shared", "data")


missing: list[Key] = []


def naming(*fq_name: str) -> str:
    return json.dumps(dict(zip(("domain", "project", "name"), fq_name, strict=True)))


def namespace(name: str, **given: str) -> Namespace:
    return Namespace(namespace_key(name), f"uid-of-{name}", "1", given)


def in_team(network: str = "") -> Pod:
    return replace(pod(network=network), key=Key(POD, "team", "web-0"))


def networks(*namespaces: Namespace, synced: bool = True) -> DefaultNetworks:
    cache: Cache[Namespace] = Cache(lambda *_: None)
    if synced:
        cache.replace(namespaces)
    return DefaultNetworks(NAMES, cache, RULES.pod_subnets, missing.append)


def row(fq_name: FqName, kind: str = "", name: str = "", **more: object) -> Row:
    marks = NAMES.marks(kind, name, name) if kind else {}
    flat = {"network_ipam_refs": [{"to": list(NAMES.pod_ipam), "attr": {"ipam_subnets": [{"subnet": None}]}}]}
    return {"fq_name": list(fq_name), "uuid": f"uuid-of-{fq_name[-1]}", "annotations": annotations(marks), **flat, **more}


def test_a_namespace_asks_for_nothing_unless_it_says_so() -> None:
    assert defaults_of(namespace("team")) == Defaults()


def test_forwarding_wins_over_source_nat_as_it_does_for_definitions() -> None:
    asked = namespace("team", **{ISOLATION: "True", FORWARDING: "true", SNAT: "true", NETWORK: naming(*TARGET)})

    assert defaults_of(asked) == Defaults(isolated=True, target=TARGET, forwarding=True, snat=False)


@pytest.mark.parametrize(
    ("annotation", "text"),
    [(ISOLATION, "yes"), (ISOLATION, ""), (SNAT, "on"), (FORWARDING, "1"), (NETWORK, ""), (NETWORK, "[]"), (NETWORK, "{'name': 'x'}")],
)
def test_what_cannot_be_read_is_refused_and_never_taken_for_off(annotation: str, text: str) -> None:
    asked = namespace("team", **{annotation: text})

    with pytest.raises(InvalidAnnotation, match=annotation):
        defaults_of(asked)
    assert not is_isolated(asked)


@pytest.mark.parametrize(
    ("of_pod", "of_namespace", "expected"),
    [
        ("", {}, CLUSTER_WIDE),
        ("", {ISOLATION: "false"}, CLUSTER_WIDE),
        ("", {ISOLATION: "true"}, NAMES.isolated_network("team")),
        ("", {ISOLATION: "true", NETWORK: naming(*TARGET)}, TARGET),
        (naming("d", "p", "n"), {ISOLATION: "true", NETWORK: naming(*TARGET)}, ("d", "p", "n")),
        (naming("d", "p", "n"), {ISOLATION: "unreadable"}, ("d", "p", "n")),
    ],
)
def test_the_first_hit_wins(of_pod: str, of_namespace: dict[str, str], expected: FqName) -> None:
    asking = in_team(of_pod)

    assert networks(namespace("team", **of_namespace)).wanted(asking).fq_name == expected


def test_a_pod_waits_for_word_of_its_namespace_unless_there_will_be_none() -> None:
    with pytest.raises(NetworkPending):
        networks().wanted(pod())
    assert networks(synced=False).wanted(pod()).fq_name == CLUSTER_WIDE


@pytest.mark.parametrize(
    ("of_pod", "of_namespace", "why"),
    [
        ("{", {}, InvalidAnnotation),
        ("", {ISOLATION: "yes"}, NetworkNotFound),
        (naming(*TARGET), {}, TargetNotFound),
        ("", {NETWORK: naming(*TARGET)}, NetworkNotFound),
        ("", {ISOLATION: "true"}, NetworkPending),
    ],
)
def test_no_pod_starts_in_another_network_than_it_should(of_pod: str, of_namespace: dict[str, str], why: type[Refusal]) -> None:
    asking = in_team(of_pod)
    known = networks(namespace("team", **of_namespace))
    rows: Rows = {CLUSTER_WIDE: row(CLUSTER_WIDE, NAMESPACE, "default")}

    missing.clear()
    with pytest.raises(why) as refused:
        known.choice(known.wanted(asking), rows)
    assert type(refused.value) is why
    assert missing == ([namespace_key("team")] if why is NetworkPending else [])


def test_a_definition_that_had_the_name_first_leaves_the_namespace_in_the_cluster_wide_network() -> None:
    own = NAMES.isolated_network("team")
    known = networks(namespace("team", **{ISOLATION: "true"}))
    wanted = known.wanted(in_team())
    rows: Rows = {CLUSTER_WIDE: row(CLUSTER_WIDE, NAMESPACE, "default"), own: row(own, DEFINITION, "team")}

    assert known.choice(wanted, rows).reference == NAMES.default_reference
    with pytest.raises(NetworkNotFound, match="somebody else"):
        known.choice(wanted, rows | {own: row(own)})


def test_an_address_of_each_family_that_the_network_draws_from() -> None:
    known = networks(namespace("default"))
    subnet = {"subnet": {"ip_prefix": "fd00::", "ip_prefix_len": 64}}
    own = row(TARGET, network_ipam_refs=[{"to": ["d", "p", "i"], "attr": {"ipam_subnets": [subnet]}}])
    rows: Rows = {CLUSTER_WIDE: row(CLUSTER_WIDE, NAMESPACE, "default"), TARGET: own}

    assert known.choice(known.wanted(pod()), rows).families == ("v4",)
    assert known.choice(known.wanted(pod(network=naming(*TARGET))), rows).families == ("v6",)


@pytest.mark.parametrize(("annotation", "agrees"), [("", True), (naming(*TARGET), True), (naming("d", "p", "n"), False), ("{", False)])
def test_a_pod_that_names_another_network_than_it_has_has_drifted(annotation: str, agrees: bool) -> None:
    known = networks(namespace("default"))
    got = known.choice(known.wanted(pod(network=naming(*TARGET))), {TARGET: row(TARGET)})

    assert known.agrees(pod(network=annotation), got) is agrees
