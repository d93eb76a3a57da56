"""The part of Kustomize that examples/kubernetes uses, for machines without kubectl: resources, components, patches, images."""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from tests.kube.double.patches import strategic_patched

Manifest = dict[str, Any]
KNOWN = {"apiVersion", "kind", "resources", "components", "patches", "images"}


def documents_of(text: str) -> list[Manifest]:
    return [document for document in yaml.safe_load_all(text) if document]


def rendered(folder: Path) -> list[Manifest]:
    """What `kubectl kustomize` would print, in another order."""
    return _customised(folder, [])


def _customised(folder: Path, given: list[Manifest]) -> list[Manifest]:
    """What a kustomization adds to and changes about objects; a component is given those of whoever uses it."""
    plan = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert plan.keys() <= KNOWN, f"{folder} uses what tests/packaging/kustomize.py does not know: {plan.keys() - KNOWN}"
    objects = given + [each for name in plan.get("resources", ()) for each in _resources(folder / name)]
    for name in plan.get("components", ()):
        objects = _customised(folder / name, objects)
    for patch in plan.get("patches", ()):
        assert patch.keys() <= {"path", "patch"}, f"{folder} has a patch that is not a strategic merge patch: {patch}"
        for change in documents_of(patch["patch"] if "patch" in patch else (folder / patch["path"]).read_text()):
            objects = list(_patched(objects, change))
    for image in plan.get("images", ()):
        for each in objects:
            _rename(each, image)
    return objects


def _resources(path: Path) -> list[Manifest]:
    return rendered(path) if path.is_dir() else documents_of(path.read_text())


def _patched(objects: list[Manifest], change: Manifest) -> Iterator[Manifest]:
    assert address(change) in map(address, objects), f"a patch of what is not there: {address(change)}"
    for each in objects:
        if address(each) != address(change):
            yield each
        elif change.get("$patch") != "delete":
            yield strategic_patched(each, change)


def _rename(found: Any, image: dict[str, str]) -> None:
    """Set name and tag of the image wherever it is used below."""
    if isinstance(found, list):
        for each in found:
            _rename(each, image)
    elif isinstance(found, dict):
        for key, value in found.items():
            if key == "image" and str(value).partition(":")[0] == image["name"]:
                tag = image.get("newTag") or str(value).partition(":")[2]
                found[key] = image.get("newName", image["name"]) + (f":{tag}" if tag else "")
            else:
                _rename(value, image)


def address(manifest: Manifest) -> tuple[str, str, str]:
    """Kind, namespace and name."""
    metadata = manifest["metadata"]
    return manifest["kind"], metadata.get("namespace", ""), metadata["name"]


def by_address(manifests: list[Manifest]) -> dict[tuple[str, str, str], Manifest]:
    """The manifests for comparison: their order, and that of what Kubernetes merges by name, means nothing."""
    found = {address(each): _sorted(deepcopy(each)) for each in manifests}
    assert len(found) == len(manifests)
    return found


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(each) for key, each in value.items()}
    if isinstance(value, list):
        named = all(isinstance(each, dict) and ("name" in each or "mountPath" in each) for each in value)
        items = [_sorted(each) for each in value]
        return sorted(items, key=lambda each: (each.get("mountPath", ""), each.get("name", ""))) if named else items
    return value
