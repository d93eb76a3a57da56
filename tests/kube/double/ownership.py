"""Server-side apply: who owns which field, when that is a conflict, and what omission removes.

Simpler than the real one in one point: a list is one field, its elements are not owned apart.
"""

import time
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from .refusals import Conflict

Obj = dict[str, Any]
Path = tuple[str, ...]

_UNOWNED = {
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "generation",
    "managedFields",
    "deletionTimestamp",
    "generateName",
}


def applied(live: Obj | None, config: Obj, manager: str, *, api_version: str, force: bool) -> Obj:
    """The live object (without kind and apiVersion) with the configuration applied by a field manager."""
    base = deepcopy(live) if live is not None else {"metadata": {}}
    owners = _owners(base, live is not None)
    wanted = dict(_leaves(config))
    _refuse_conflicts(base, wanted, manager, owners, force=force)
    for path in owners.get((manager, "Apply"), set()) - wanted.keys():
        if not any(path in paths for owner, paths in owners.items() if owner != (manager, "Apply")):
            _drop(base, path)
    for path, value in wanted.items():
        _set(base, path, value)
    for owner, paths in owners.items():
        if force and owner[0] != manager:
            paths -= {path for path in wanted if path in paths and _get(live or {}, path) != wanted[path]}
    _write(base, owners | {(manager, "Apply"): set(wanted)}, api_version)
    return base


def updated(old: Obj, new: Obj, manager: str, api_version: str) -> None:
    """After a write other than apply: who changed a field owns it. Objects never applied are not tracked."""
    if not old["metadata"].get("managedFields"):
        return
    before, after = dict(_leaves(old)), dict(_leaves(new))
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    owners = _owners(old, False)
    for paths in owners.values():
        paths -= changed
    owners.setdefault((manager, "Update"), set()).update(changed & after.keys())
    _write(new, owners, api_version)


def _refuse_conflicts(live: Obj, wanted: dict[Path, Any], manager: str, owners: dict[tuple[str, str], set[Path]], *, force: bool) -> None:
    if force:
        return
    rivals = [
        (owner, path)
        for owner, paths in owners.items()
        if owner[0] != manager or owner[1] != "Apply"
        for path, value in wanted.items()
        if path in paths and _get(live, path) != value
    ]
    if rivals:
        told = ", ".join(f'conflict with "{owner[0]}": .{".".join(path)}' for owner, path in rivals)
        causes = [
            {"reason": "FieldManagerConflict", "message": f'conflict with "{owner[0]}"', "field": "." + ".".join(path)}
            for owner, path in rivals
        ]
        message = f"Apply failed with {len(rivals)} conflict{'s' if len(rivals) > 1 else ''}: {told}"
        raise Conflict(message, causes=causes)


def _leaves(obj: Obj, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every owned field of an object: what is neither an object with members nor set by the server."""
    for key, value in obj.items():
        if (path == () and key in ("kind", "apiVersion", "status")) or (path == ("metadata",) and key in _UNOWNED):
            continue
        if isinstance(value, dict) and value:
            yield from _leaves(value, (*path, key))
        elif not (isinstance(value, dict) and path == ()):
            yield (*path, key), value


def _owners(obj: Obj, first_apply: bool) -> dict[tuple[str, str], set[Path]]:
    """Owner (manager, operation) -> fields. What was there before the first apply belongs to nobody known."""
    managed = obj["metadata"].get("managedFields")
    if not managed:
        return {("before-first-apply", "Update"): {path for path, _ in _leaves(obj)}} if first_apply else {}
    return {(entry["manager"], entry["operation"]): set(_paths(entry["fieldsV1"])) for entry in managed}


def _paths(fields: Obj, path: Path = ()) -> Iterator[Path]:
    for key, value in fields.items():
        below = (*path, key.removeprefix("f:"))
        if value:
            yield from _paths(value, below)
        else:
            yield below


def _write(obj: Obj, owners: dict[tuple[str, str], set[Path]], api_version: str) -> None:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    entries = []
    for (manager, operation), paths in owners.items():
        fields: Obj = {}
        for path in paths:
            level = fields
            for step in path:
                level = level.setdefault(f"f:{step}", {})
        if fields:
            entries.append(
                {
                    "manager": manager,
                    "operation": operation,
                    "apiVersion": api_version,
                    "time": now,
                    "fieldsType": "FieldsV1",
                    "fieldsV1": fields,
                }
            )
    obj["metadata"]["managedFields"] = entries


def _get(obj: Any, path: Path) -> Any:
    for step in path:
        obj = obj.get(step) if isinstance(obj, dict) else None
    return obj


def _set(obj: Obj, path: Path, value: Any) -> None:
    for step in path[:-1]:
        if not isinstance(obj.get(step), dict):
            obj[step] = {}
        obj = obj[step]
    obj[path[-1]] = deepcopy(value)


def _drop(obj: Obj, path: Path) -> None:
    parent = _get(obj, path[:-1])
    if isinstance(parent, dict):
        parent.pop(path[-1], None)
