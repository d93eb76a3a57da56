"""examples/kubernetes: what the overlays render is whole, asks only for what exists, and is what the plain manifest says."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from api_server.settings import Settings
from kube_sync.cluster import crd
from tests.packaging.kustomize import Manifest, address, by_address, documents_of, rendered
from tests.packaging.tree import ROOT, must

KUBERNETES = ROOT / "examples" / "kubernetes"
OVERLAYS = sorted(path.name for path in (KUBERNETES / "overlays").iterdir())
PLAIN = KUBERNETES / "netweave.yaml"
COMMANDS = ("serve", "migrate", "kube-sync")


def overlay(name: str) -> list[Manifest]:
    return rendered(KUBERNETES / "overlays" / name)


def of_kind(manifests: list[Manifest], *kinds: str) -> list[Manifest]:
    return [each for each in manifests if each["kind"] in kinds]


def containers(manifests: list[Manifest]) -> Iterator[tuple[Manifest, Manifest]]:
    """Each container with the spec of its pod."""
    for deployment in of_kind(manifests, "Deployment"):
        pod = deployment["spec"]["template"]["spec"]
        for container in [*pod.get("initContainers", ()), *pod["containers"]]:
            yield pod, container


@pytest.fixture(scope="module")
def usages() -> dict[str, str]:
    """What each command says of itself."""
    return {command: must([Path(sys.executable).with_name("netweave"), command, "--help"], ROOT) for command in COMMANDS}


# kubectl comes from no package index and no Debian package. What it renders is in the tree, and that is compared without it, below.
@pytest.mark.skipif(shutil.which("kubectl") is None, reason="needs kubectl to compare with; the other tests render by themselves")
@pytest.mark.parametrize("name", OVERLAYS)
def test_kubectl_renders_what_these_tests_render(name: str) -> None:
    printed = subprocess.run(
        ["kubectl", "kustomize", str(KUBERNETES / "overlays" / name)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout

    assert by_address(documents_of(printed)) == by_address(overlay(name))


def test_the_plain_manifest_is_the_overlay_for_an_external_database() -> None:
    assert by_address(documents_of(PLAIN.read_text())) == by_address(overlay("external-database"))


def test_the_definition_is_the_one_that_the_worker_installs() -> None:
    (definition,) = of_kind(overlay("external-database"), "CustomResourceDefinition")

    assert definition == crd.MANIFEST


def test_the_component_leaves_out_the_definition_and_nothing_else(tmp_path: Path) -> None:
    shutil.copytree(KUBERNETES, tmp_path / "kubernetes")
    own = tmp_path / "kubernetes" / "overlays" / "own"
    own.mkdir()
    plan = {"resources": ["../external-database"], "components": ["../../components/existing-crd"]}
    (own / "kustomization.yaml").write_text(yaml.safe_dump(plan))

    with_it, without = by_address(overlay("external-database")), by_address(rendered(own))

    assert with_it.keys() - without.keys() == {("CustomResourceDefinition", "", crd.NAME)}
    assert without.keys() <= with_it.keys()


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_object_lives_in_the_namespace_and_says_what_it_belongs_to(name: str) -> None:
    cluster_wide = {"Namespace", "CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding"}
    manifests = overlay(name)

    assert {address(each)[1] for each in manifests if each["kind"] not in cluster_wide} == {"netweave-system"}
    for each in manifests:
        assert each["kind"] == "CustomResourceDefinition" or each["metadata"]["labels"]["app.kubernetes.io/name"] == "netweave"


@pytest.mark.parametrize("name", OVERLAYS)
def test_whatever_selects_pods_selects_those_of_one_deployment(name: str) -> None:
    manifests = overlay(name)
    templates = [each["spec"]["template"]["metadata"]["labels"] for each in of_kind(manifests, "Deployment")]
    selectors = [
        *(each["spec"]["selector"] for each in of_kind(manifests, "Service")),
        *(each["spec"]["selector"]["matchLabels"] for each in of_kind(manifests, "Deployment", "PodDisruptionBudget")),
        *(each["spec"]["podSelector"]["matchLabels"] for each in of_kind(manifests, "NetworkPolicy")),
        *(
            spread["labelSelector"]["matchLabels"]
            for each in of_kind(manifests, "Deployment")
            for spread in each["spec"]["template"]["spec"]["topologySpreadConstraints"]
        ),
    ]

    assert len(templates) == 2
    assert len(selectors) == 8
    assert [sum(selector.items() <= labels.items() for labels in templates) for selector in selectors] == [1] * 8


@pytest.mark.parametrize("name", OVERLAYS)
def test_ports_that_are_named_exist(name: str) -> None:
    manifests = overlay(name)
    ports = {container["name"]: {port["name"] for port in container.get("ports", ())} for _, container in containers(manifests)}
    probed = {
        container["name"]: {container[probe]["httpGet"]["port"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")}
        for _, container in containers(manifests)
        if container["name"] != "migrate"
    }

    assert probed == {"api": {"http"}, "kube-sync": {"metrics"}}
    assert all(probed[container] <= ports[container] for container in probed)
    assert {port["targetPort"] for each in of_kind(manifests, "Service") for port in each["spec"]["ports"]} <= ports["api"]
    assert {
        port["port"] for each in of_kind(manifests, "NetworkPolicy") for rule in each["spec"]["ingress"] for port in rule["ports"]
    } <= ports["api"]


@pytest.mark.parametrize("name", OVERLAYS)
def test_programs_listen_where_their_pods_say_and_where_a_kubelet_can_ask(name: str) -> None:
    (api,) = [container for _, container in containers(overlay(name)) if container["name"] == "api"]
    (worker,) = [container for _, container in containers(overlay(name)) if container["name"] == "kube-sync"]
    variables = {each["name"]: each.get("value") for each in worker["env"]}

    assert api["args"] == ["serve", "--host", "0.0.0.0", "--port", str(api["ports"][0]["containerPort"])]
    assert variables["NETWEAVE_METRICS_HOST"] == "0.0.0.0"
    assert variables["NETWEAVE_METRICS_PORT"] == str(worker["ports"][0]["containerPort"])
    assert variables["NETWEAVE_API_URL"] == "http://netweave-api:8082"


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_container_runs_with_as_little_as_it_needs(name: str) -> None:
    for pod, container in containers(overlay(name)):
        own, shared = container["securityContext"], pod["securityContext"]

        assert own == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
        assert (shared["runAsNonRoot"], shared["runAsUser"], shared["seccompProfile"]) == (True, 10001, {"type": "RuntimeDefault"})
        assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
        assert "memory" in container["resources"]["limits"]
        assert {mount["name"] for mount in container["volumeMounts"]} <= {volume["name"] for volume in pod["volumes"]}


@pytest.mark.parametrize("name", OVERLAYS)
def test_commands_options_and_variables_are_those_that_the_program_knows(name: str, usages: dict[str, str]) -> None:
    served = {f"NETWEAVE_{field.upper()}" for field in Settings.model_fields} | {"DATABASE_URL", "DATABASE_DIRECT_URL"}
    told = re.findall(r"NETWEAVE_[A-Z_]+", re.sub(r"\n +", "", usages["kube-sync"]))
    known = {"serve": served, "migrate": served, "kube-sync": {*told, "NETWEAVE_TOKEN"}}

    for _, container in containers(overlay(name)):
        command, *arguments = container["args"]
        options = {argument.partition("=")[0] for argument in arguments if argument.startswith("--")}

        assert options <= set(re.findall(r"--[a-z][a-z-]*", usages[command]))
        assert {variable["name"] for variable in container.get("env", ())} <= known[command]


@pytest.mark.parametrize("name", OVERLAYS)
def test_no_secret_value_is_in_the_manifests(name: str) -> None:
    manifests = overlay(name)
    secrets = {"DATABASE_URL", "DATABASE_DIRECT_URL", "NETWEAVE_TOKEN"}
    variables = [each for _, container in containers(manifests) for each in container.get("env", ()) if each["name"] in secrets]

    assert of_kind(manifests, "Secret") == []
    assert variables
    assert all("secretKeyRef" in each["valueFrom"] for each in variables)


@pytest.mark.parametrize("name", OVERLAYS)
def test_only_the_worker_has_a_token_of_the_cluster(name: str) -> None:
    manifests = overlay(name)
    bound = [subject for each in of_kind(manifests, "RoleBinding", "ClusterRoleBinding") for subject in each["subjects"]]
    pods: dict[str, Any] = {each["metadata"]["name"]: each["spec"]["template"]["spec"] for each in of_kind(manifests, "Deployment")}

    assert {(each["kind"], each["namespace"], each["name"]) for each in bound} == {
        ("ServiceAccount", "netweave-system", "netweave-kube-sync")
    }
    assert pods["netweave-kube-sync"]["serviceAccountName"] == "netweave-kube-sync"
    assert pods["netweave-api"]["automountServiceAccountToken"] is False
