"""Names, labels and annotations: what a Kubernetes API server accepts in metadata."""

import re
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

Problem = tuple[str, str]  # field, message

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
LABEL = re.compile(_LABEL)
SUBDOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*")
QUALIFIED = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
ANNOTATIONS_LIMIT = 256 * 1024

# No vowels and no look-alikes, as the real name generator has it.
_SUFFIX = "bcdfghjklmnpqrstvwxz2456789"


def generated(prefix: str) -> str:
    """A name for `generateName`."""
    return prefix[:58] + "".join(secrets.choice(_SUFFIX) for _ in range(5))


def name_problems(name: str, *, label: bool) -> Iterator[Problem]:
    """What is wrong with an object's name: a namespace is a label, all else a subdomain."""
    pattern, limit, noun = (LABEL, 63, "label") if label else (SUBDOMAIN, 253, "subdomain")
    if not name:
        yield "metadata.name", "Required value: name or generateName is required"
    elif len(name) > limit:
        yield "metadata.name", f'Invalid value: "{name}": must be no more than {limit} characters'
    elif not pattern.fullmatch(name):
        rule = "lower case letters, digits and '-'" if label else "lower case letters, digits, '-' and '.'"
        yield "metadata.name", f'Invalid value: "{name}": an RFC 1123 {noun} holds {rule}, and begins and ends with a letter or digit'


def metadata_problems(metadata: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong with labels, annotations and finalizers."""
    for key, value in (metadata.get("labels") or {}).items():
        yield from _key_problems("metadata.labels", key)
        if len(value) > 63 or not LABEL_VALUE.fullmatch(value):
            rule = "is empty or at most 63 letters, digits, '-', '_' and '.'"
            yield "metadata.labels", f'Invalid value: "{value}": a label value {rule}'
    annotations = metadata.get("annotations") or {}
    for key in annotations:
        yield from _key_problems("metadata.annotations", key.lower())
    if sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items()) > ANNOTATIONS_LIMIT:
        yield "metadata.annotations", f"Too long: may not be more than {ANNOTATIONS_LIMIT} bytes"
    for finalizer in metadata.get("finalizers") or ():
        yield from _key_problems("metadata.finalizers", finalizer)
        if "/" not in finalizer and finalizer not in ("orphan", "foregroundDeletion"):
            yield (
                "metadata.finalizers",
                f'Invalid value: "{finalizer}": name is neither a standard finalizer name nor is it fully qualified',
            )


def shape_problem(metadata: Any) -> str | None:
    """The first value in metadata of a type that cannot be decoded, said as the decoder says it."""
    if not isinstance(metadata, Mapping):
        return "json: cannot unmarshal metadata into Go value of type v1.ObjectMeta"
    for member in ("name", "namespace", "uid", "resourceVersion", "generateName"):
        if not isinstance(metadata.get(member, ""), str | None):
            return f"json: cannot unmarshal non-string into Go struct field ObjectMeta.metadata.{member} of type string"
    for member in ("labels", "annotations"):
        found = metadata.get(member) or {}
        if not isinstance(found, Mapping) or not all(isinstance(value, str) for value in found.values()):
            return f"json: cannot unmarshal non-string into Go struct field ObjectMeta.metadata.{member} of type string"
    finalizers = metadata.get("finalizers") or []
    if not isinstance(finalizers, list) or not all(isinstance(each, str) for each in finalizers):
        return "json: cannot unmarshal into Go struct field ObjectMeta.metadata.finalizers of type string"
    return None


def _key_problems(field: str, key: str) -> Iterator[Problem]:
    prefix, slash, name = key.rpartition("/")
    if (slash and not SUBDOMAIN.fullmatch(prefix)) or len(name) > 63 or not QUALIFIED.fullmatch(name):
        rule = "an optional DNS prefix and '/', then at most 63 letters, digits, '-', '_' and '.'"
        yield field, f'Invalid value: "{key}": must be {rule}'
