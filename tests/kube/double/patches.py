"""The patch formats: merge (RFC 7386), JSON (RFC 6902), and strategic merge for built-in kinds."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from .refusals import BadRequest, Invalid

Obj = dict[str, Any]

# The lists that a strategic merge patch matches by a key instead of replacing.
_MERGE_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "env": "name",
    "conditions": "type",
    "ownerReferences": "uid",
    "podIPs": "ip",
}
_SETS = {"finalizers"}


def merge_patched(target: Any, patch: Any) -> Any:
    """RFC 7386: null deletes, objects merge, all else replaces."""
    if not isinstance(patch, dict):
        return deepcopy(patch)
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patched(merged.get(key), value)
    return merged


def strategic_patched(target: Any, patch: Any) -> Any:
    """Like a merge patch, but known lists merge by their key and `$patch` directives are obeyed."""
    if not isinstance(patch, dict):
        return deepcopy(patch)
    directive = patch.get("$patch")
    if directive == "delete":
        return {}
    body = {key: value for key, value in patch.items() if not key.startswith("$")}
    if directive == "replace":
        return deepcopy(body)
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in body.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _strategic_member(key, merged.get(key), value)
    for member, values in (
        (key.removeprefix("$deleteFromPrimitiveList/"), values) for key, values in patch.items() if key.startswith("$delete")
    ):
        merged[member] = [each for each in merged.get(member) or [] if each not in values]
    return merged


def _strategic_member(key: str, old: Any, value: Any) -> Any:
    if isinstance(value, list) and key in _SETS:
        return [*(old or []), *(each for each in value if each not in (old or []))]
    if isinstance(value, list) and key in _MERGE_KEYS:
        return _merged_list(_MERGE_KEYS[key], old or [], value)
    return strategic_patched(old, value)


def _merged_list(by: str, old: list[Obj], patch: list[Obj]) -> list[Obj]:
    merged = {each.get(by): each for each in old}
    for each in patch:
        if each.get("$patch") == "delete":
            merged.pop(each.get(by), None)
        else:
            merged[each.get(by)] = strategic_patched(merged.get(each.get(by)), each)
    return list(merged.values())


def json_patched(target: Obj, patch: Any, what: str, name: str) -> Any:
    """RFC 6902; an operation that cannot be done, a failed `test` above all, is a 422 and nothing is changed."""
    if not isinstance(patch, list) or not all(isinstance(step, dict) and isinstance(step.get("path"), str) for step in patch):
        raise BadRequest("error decoding patch: json: cannot unmarshal into Go value of type jsonpatch.Patch")
    document = {"": deepcopy(target)}
    for step in patch:
        operation = _OPERATIONS.get(step.get("op", ""))
        if operation is None:
            message = f"error decoding patch: unexpected kind: {step.get('op')!r}"
            raise BadRequest(message)
        try:
            operation(document, step)
        except (LookupError, ValueError, TypeError) as why:
            raise Invalid(what, name, [(step["path"], f"the server rejected our request due to an error in our request: {why}")]) from why
    return document[""]


def _add(document: Any, step: Obj) -> None:
    parent, last = _parent(document, step["path"])
    value = deepcopy(step["value"])
    if isinstance(parent, list):
        index = len(parent) if last == "-" else int(last)
        if not 0 <= index <= len(parent):
            message = f"index {last} out of bounds"
            raise LookupError(message)
        parent.insert(index, value)
    else:
        parent[last] = value


def _remove(document: Any, step: Obj) -> None:
    parent, last = _parent(document, step["path"])
    _at(parent, last)
    del parent[_index(parent, last)]


def _replace(document: Any, step: Obj) -> None:
    parent, last = _parent(document, step["path"])
    _at(parent, last)
    parent[_index(parent, last)] = deepcopy(step["value"])


def _test(document: Any, step: Obj) -> None:
    parent, last = _parent(document, step["path"])
    found = parent.get(last) if isinstance(parent, dict) else _at(parent, last)
    if found != step.get("value"):
        message = f"testing value {step['path']} failed: test failed"
        raise ValueError(message)


def _copy(document: Any, step: Obj) -> None:
    parent, last = _parent(document, step["from"])
    _add(document, step | {"value": _at(parent, last)})


def _move(document: Any, step: Obj) -> None:
    parent, last = _parent(document, step["from"])
    value = _at(parent, last)
    _remove(document, {"path": step["from"]})
    _add(document, step | {"value": value})


_OPERATIONS: dict[str, Callable[[Any, Obj], None]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "test": _test,
    "copy": _copy,
    "move": _move,
}


def _parent(document: Any, pointer: str) -> tuple[Any, str]:
    """The container a JSON pointer ends in, and its last step; the whole document is the member "" of a container."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")]
    found = document
    for step in steps[:-1]:
        found = _at(found, step)
    if not _is_container(found):
        message = f"{pointer} is not inside an object"
        raise LookupError(message)
    return found, steps[-1]


def _index(parent: Any, step: str) -> Any:
    return int(step) if isinstance(parent, list) else step


def _at(parent: Any, step: str) -> Any:
    if not _is_container(parent):
        message = f"no member {step!r} in a scalar"
        raise LookupError(message)
    return parent[_index(parent, step)]


def _is_container(found: Any) -> bool:
    return isinstance(found, dict | list)
