"""The calls that a run would make, in an order that does not depend on who was quicker."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from kube_sync.model.objects import Key
from kube_sync.reconcile.passes import LOOKING

# Changes of the configuration API; whatever else there is goes to Kubernetes.
CREATE, UPDATE, DELETE, ADD_REF, REMOVE_REF = "create", "update", "delete", "add-ref", "remove-ref"
STATUS, EVENT, WARNING = "status", "event", "warning"
SIGNS = {CREATE: "+", UPDATE: "~", DELETE: "-", ADD_REF: "~", REMOVE_REF: "~", WARNING: "!"}


@dataclass(frozen=True)
class Call:
    """One write that was not sent; `detail` is for people, `sent` is all of it."""

    action: str
    kind: str
    name: str
    detail: str = ""
    sent: Any = field(default=None, compare=False)
    about: Key | None = field(default_factory=LOOKING.get)

    def __str__(self) -> str:
        if self.action == WARNING:
            reason, _, message = self.detail.partition(": ")
            return f"! {reason} {self.kind} {self.name}: {message}"
        return f"{SIGNS.get(self.action, '>')} {self.action} {self.kind} {self.name} {self.detail}".rstrip()

    @property
    def as_json(self) -> dict[str, Any]:
        """The call for programs."""
        about = {"about": str(self.about)} if self.about else {}
        return {"action": self.action, "kind": self.kind, "name": self.name, "detail": self.detail, **about, "sent": self.sent}


class Plan:
    """All calls of a run; those of one object stay in their order, objects come by kind and name."""

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self._once: set[Call] = set()

    def note(self, call: Call) -> None:
        """One more."""
        self._calls.append(call)

    def note_once(self, call: Call) -> None:
        """One more, unless the same was noted before."""
        if call not in self._once:
            self._once.add(call)
            self.note(call)

    def __iter__(self) -> Iterator[Call]:
        return iter(sorted(self._calls, key=_place))

    def __len__(self) -> int:
        return len(self._calls)

    @property
    def summary(self) -> dict[str, int]:
        """How many calls of each kind there are."""
        counts = Counter(call.action for call in self._calls)
        changes = {
            "create": counts[CREATE],
            "update": counts[UPDATE] + counts[ADD_REF] + counts[REMOVE_REF],
            "delete": counts[DELETE],
        }
        others = len(self._calls) - sum(changes.values()) - counts[WARNING]
        return {**changes, "kubernetes": others, "warnings": counts[WARNING]}


def as_text(plan: Plan) -> str:
    """One line a call, then how many there are."""
    told = plan.summary
    counts = ", ".join(f"{told[what]} to {what}" for what in (CREATE, UPDATE, DELETE))
    end = f"Plan: {counts}; {told['kubernetes']} writes to Kubernetes; {told['warnings']} warnings." if len(plan) else "Nothing to do."
    return "\n".join([*map(str, plan), end])


def as_json(plan: Plan) -> str:
    """All of it for programs."""
    return json.dumps({"calls": [call.as_json for call in plan], "summary": plan.summary}, indent=2, ensure_ascii=False)


def _place(call: Call) -> tuple[object, ...]:
    """What all objects share comes first: which of them needed it first is chance."""
    if call.kind == "project":
        return (0, call.name)
    return (2, *call.about) if call.about else (1,)
