"""docs/kubernetes.md tells of every annotation and Event there is, and what it tells to type and to apply fits what is there."""

import hashlib
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.packaging.kustomize import by_address, rendered
from tests.packaging.test_kubernetes import KUBERNETES, overlay
from tests.packaging.tree import ROOT, must
from tests.unit.kube_sync.test_docs import DOCS, SOURCES, reasons

GUIDE = (ROOT / "docs" / "kubernetes.md").read_text()
PREFIXES = (r"opencontrail\.org", r"k8s\.v1\.cni\.cncf\.io", r"netweave\.io", r"juniper\.net")


def block(language: str, marker: str) -> str:
    """The fenced block of the guide that has the marker in it."""
    (found,) = [text for text in re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL) if marker in text]
    return str(found)


def test_every_event_is_told_with_its_cure() -> None:
    rows = [line.split("|")[1:-1] for line in GUIDE.splitlines() if line.startswith("| `")]
    told = {reason for row in rows if len(row) == 4 and all(cell.strip() for cell in row) for reason in re.findall(r"`(\w+)`", row[0])}

    assert {"NetworkNotFound", "AttachmentDrift"} <= reasons()
    assert reasons() - told == set()


def test_every_annotation_is_told() -> None:
    used = set(re.findall(rf'"((?:{"|".join(PREFIXES)})/[\w-]+)"', SOURCES))

    assert len(used) > 6
    assert {name for name in used if f"`{name}`" not in GUIDE} == set()


def test_flags_and_metrics_that_it_names_are_the_workers() -> None:
    of_others = {"--build-arg", "--field-selector", "--from-file", "--from-literal", "--ignore-not-found", "--all-containers", "--replicas"}
    of_token = {"--user", "--role"}
    flags = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", GUIDE)) - of_others - of_token
    named = set(re.findall(r"netweave_kube_sync_(\w+?)(?:_total)?\b", GUIDE))

    assert len(flags) > 5
    assert {flag for flag in flags if f"`{flag}" not in DOCS} == set()
    assert len(named) > 3
    assert {name for name in named if f"`{name}" not in DOCS} == set()


def test_the_guides_overlay_renders_to_ours_with_its_own_image_and_settings(tmp_path: Path) -> None:
    shutil.copytree(KUBERNETES, tmp_path / "examples" / "kubernetes")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "kustomization.yaml").write_text(block("yaml", "newName"))

    mine, ours = by_address(rendered(tmp_path / "mine")), by_address(overlay("external-database"))
    changed = {where for where in ours if mine[where] != ours[where]}
    worker = mine["Deployment", "netweave-system", "netweave-kube-sync"]["spec"]["template"]["spec"]["containers"][0]

    assert mine.keys() == ours.keys()
    assert changed == {("Deployment", "netweave-system", name) for name in ("netweave-api", "netweave-kube-sync")}
    assert worker["image"] == "registry.example/netweave:0.1.0"
    assert {"NETWEAVE_CLUSTER_NAME", "NETWEAVE_TOKEN"} <= {each["name"] for each in worker["env"]}


def test_the_guides_secrets_are_those_that_the_manifests_ask_for(tmp_path: Path) -> None:
    lines = [line.strip() for line in GUIDE.splitlines() if line.startswith("    ")]
    made = [re.findall(r"generic (\S+) --from-\w+=([^= ]+)", line)[0] for line in lines if "create secret" in line]
    token = next(line for line in lines if line.startswith("netweave token"))
    must(["bash", "-ec", f"PATH={Path(sys.executable).parent}:$PATH; {token}; sed 's/.*: //' token.txt > token"], tmp_path)
    secret = (tmp_path / "token").read_text().strip()

    assert set(made) == set(_secrets(overlay("external-database")))
    assert hashlib.sha256(secret.encode()).hexdigest() in yaml.safe_load((tmp_path / "tokens.yaml").read_text())


def test_the_commands_of_the_guide_are_those_that_exist() -> None:
    usage = must([Path(sys.executable).with_name("netweave"), "--help"], ROOT)
    typed = set(re.findall(r"^    netweave ([a-z-]+)", GUIDE, re.MULTILINE))

    assert {"kube-sync", "token", "get"} <= typed
    assert [command for command in typed if not re.search(rf"^\W*{command}\b", usage, re.MULTILINE)] == []


def _secrets(found: Any) -> Iterator[tuple[str, str]]:
    """Name and key of every secret value that is asked for; of a whole Secret, the file that the API is told to read."""
    if isinstance(found, dict):
        if "secretKeyRef" in found:
            yield found["secretKeyRef"]["name"], found["secretKeyRef"]["key"]
        if "secretName" in found:
            yield found["secretName"], "tokens.yaml"
        for each in found.values():
            yield from _secrets(each)
    elif isinstance(found, list):
        for each in found:
            yield from _secrets(each)
