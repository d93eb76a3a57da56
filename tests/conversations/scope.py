"""What `$name` means in a conversation."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import randrange
from typing import Any
from uuid import uuid4

from tests.contract.world import FAR_AWAY, subnets_of
from tests.conversations.files import Mistake

VARIABLE = re.compile(r"\$\$|\$(?P<name>[A-Za-z_]\w*)(?P<path>(?:\.\w+)*)")
# Words with a meaning of their own, of requests and of expectations: they stay as they are.
WORDS = {"any", "absent", "exactly", "contains", "unordered", "not", "matches", "headers", "body", "raw"}
# `$number.x` and the like: made up when first met, the same to the end of the conversation.
MADE_UP: dict[str, Callable[[], Any]] = {
    # Below what the server draws route targets from, above what anybody writes into a test.
    "number": lambda: randrange(100_000, 7_000_000),
    "uuid": lambda: str(uuid4()),
    "word": lambda: f"w{uuid4().hex[:12]}",
}


@dataclass(frozen=True, slots=True)
class Named:
    """An object that a conversation has a name for, as it was when it was named."""

    kind: str
    shown: Mapping[str, Any]

    @property
    def path(self) -> str:
        return f"/{self.kind}/{self.shown['uuid']}"

    @property
    def link(self) -> dict[str, Any]:
        return {"to": self.shown["fq_name"], "uuid": self.shown["uuid"]}


@dataclass(frozen=True, slots=True)
class Scope:
    """The objects and values that have names; the mark is in the names of everything that could meet another conversation's."""

    mark: str = field(default_factory=lambda: f"domain-{uuid4().hex[:12]}")
    values: dict[str, Any] = field(default_factory=lambda: {"nowhere": FAR_AWAY})
    _made_up: dict[tuple[str, str], Any] = field(default_factory=dict)

    def object(self, name: str) -> Named:
        found = self.values.get(name)
        if not isinstance(found, Named):
            raise Mistake(f"{name!r} is no object; there are {self._objects()}")
        return found

    def fill(self, said: Any) -> Any:
        """The same with a value for each variable; a key whose value is `$absent` is left to whom it may concern."""
        if isinstance(said, dict):
            return {self.fill(key): self.fill(value) for key, value in said.items()}
        if isinstance(said, list):
            return [self.fill(each) for each in said]
        if not isinstance(said, str):
            return said
        if (whole := VARIABLE.fullmatch(said)) and said != "$$":
            return self._value(whole)
        return VARIABLE.sub(lambda found: "$" if found[0] == "$$" else str(self._value(found)), said)

    def _value(self, found: re.Match[str]) -> Any:
        name, path = found["name"], found["path"].split(".")[1:]
        if name in WORDS and not path:
            return found[0]
        if name in MADE_UP and len(path) == 1 and name not in self.values:
            key = (name, path[0])
            if key not in self._made_up:
                self._made_up[key] = MADE_UP[name]()
            return self._made_up[key]
        if name not in self.values:
            raise Mistake(f"unknown variable ${name}; there are {sorted(self.values)}, {sorted(MADE_UP)} with a word after the dot")
        value = self.values[name]
        if not isinstance(value, Named):
            return _at(value, path, found[0])
        if path[:1] == ["subnets"] and value.kind == "virtual-network":
            return _at(subnets_of(value.shown), path[1:], found[0])
        return _at(value.shown, path, found[0]) if path else value.link

    def _objects(self) -> list[str]:
        return sorted(name for name, value in self.values.items() if isinstance(value, Named))


def _at(value: Any, path: list[str], said: str) -> Any:
    for step in path:
        try:
            value = value[int(step)] if isinstance(value, list) else value[step]
        except (KeyError, IndexError, ValueError, TypeError) as wrong:
            there = sorted(value) if isinstance(value, dict) else repr(value)
            raise Mistake(f"{said}: nothing at {step!r}; there is {there}") from wrong
    return value
