"""Authorisation: what a ServiceAccount may do, by the RBAC manifests that bind rules to it, and which of its rights it used."""

import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .targets import Target

Obj = Mapping[str, Any]


@dataclass(frozen=True)
class Right:
    """One verb on one resource, the smallest part of a rule; without a namespace it holds everywhere, without names for all."""

    verb: str
    group: str
    resource: str
    namespace: str = ""
    names: frozenset[str] = frozenset()

    def covers(self, target: Target) -> bool:
        """Whether it lets a request through. Names never cover a request without one: a create, a list, a watch."""
        resource = f"{target.resource}/{target.subresource}" if target.subresource else target.resource
        asked = (target.verb, target.group, resource)
        return (
            all(mine in ("*", theirs) for mine, theirs in zip((self.verb, self.group, self.resource), asked, strict=True))
            and self.namespace in ("", target.namespace)
            and (not self.names or target.name in self.names)
        )


@dataclass
class Account:
    """A ServiceAccount and the token it shows."""

    namespace: str
    name: str
    rights: list[Right]
    token: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    used: set[Right] = field(default_factory=set)
    denied: list[Target] = field(default_factory=list)

    @property
    def user(self) -> str:
        """The name that refusals say."""
        return f"system:serviceaccount:{self.namespace}:{self.name}"

    def allows(self, target: Target) -> bool:
        """Whether it may; what it used and what it lacked is remembered."""
        covering = [right for right in self.rights if right.covers(target)]
        self.used.update(covering)
        if not covering:
            self.denied.append(target)
        return bool(covering)


def account_of(manifests: Iterable[Obj], namespace: str, name: str) -> Account:
    """The ServiceAccount with all that the bindings among the manifests give it."""
    return Account(namespace, name, list(_rights(list(manifests), namespace, name)))


def _rights(manifests: list[Obj], namespace: str, name: str) -> Iterator[Right]:
    roles = {_address(each["kind"], each): each for each in manifests if each["kind"] in ("Role", "ClusterRole")}
    for binding in manifests:
        if binding["kind"] not in ("RoleBinding", "ClusterRoleBinding") or not _binds(binding, namespace, name):
            continue
        home = binding["metadata"].get("namespace", "") if binding["kind"] == "RoleBinding" else ""
        referred = binding["roleRef"]
        role = roles[referred["kind"], home if referred["kind"] == "Role" else "", referred["name"]]
        for rule in role["rules"]:
            yield from _parts(rule, home)


def _parts(rule: Obj, namespace: str) -> Iterator[Right]:
    names = frozenset(rule.get("resourceNames") or ())
    for group in rule["apiGroups"]:
        for resource in rule["resources"]:
            for verb in rule["verbs"]:
                yield Right(verb, group, resource, namespace, names)


def _binds(binding: Obj, namespace: str, name: str) -> bool:
    return any(
        (subject["kind"], subject.get("namespace"), subject["name"]) == ("ServiceAccount", namespace, name)
        for subject in binding.get("subjects") or ()
    )


def _address(kind: str, obj: Obj) -> tuple[str, str, str]:
    return kind, obj["metadata"].get("namespace", ""), obj["metadata"]["name"]
