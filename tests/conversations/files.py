"""What a conversation file says, read and checked before anything is asked (README.md has the format)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from api_server.model.catalog import load

FOLDER = Path(__file__).parent
KEYS = {"title", "rule", "given", "when", "then", "steps", "afterwards", "examples"}
# What `then` may say besides "read <name>".
EXPECTATIONS = {"status", "text", "lacks", "json", "headers", "empty", "there", "gone"}

CATALOG = load()


class Mistake(Exception):
    """A conversation says what makes no sense; the file is to be corrected, not the server."""


@dataclass(frozen=True, slots=True)
class Request:
    """One thing to ask for: "delete blue", with what goes along."""

    phrase: str
    body: Any = None


@dataclass(frozen=True, slots=True)
class Step:
    """Requests that are all answered as `then` says."""

    when: list[Request]
    then: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Conversation:
    """One case: what is there, what is asked, what is answered; `values` are those of its example."""

    title: str
    rule: str
    given: list[Request]
    steps: list[Step]
    afterwards: list[Request]
    values: Mapping[str, Any] = field(default_factory=dict)
    # Everything it says, in one text: which facts of an object it speaks of.
    said: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A conversation as it stands in its file, or what is wrong with the file; a mistake fails its own test alone."""

    id: str
    document: Any
    values: Mapping[str, Any] = field(default_factory=dict)

    def read(self) -> Conversation:
        if isinstance(self.document, Mistake):
            raise self.document
        return conversation_of(self.document, self.values)


class _Loader(yaml.SafeLoader):
    """YAML without surprises: a key that comes twice is a mistake; yes, 10:20 and 2024-05-01 are texts."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    loader.flatten_mapping(node)
    found: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in found:
            raise Mistake(f"line {key_node.start_mark.line + 1}: {key!r} comes twice")
        found[key] = loader.construct_object(value_node, deep=True)
    return found


_Loader.yaml_implicit_resolvers = {}
_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
for _tag, _pattern in (("bool", "true|false"), ("int", "-?[0-9]+"), ("float", r"-?[0-9]+\.[0-9]+"), ("null", "null|~|"), ("merge", "<<")):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), None)


def files() -> list[Path]:
    """A file a kind, and below `topics` a file for each topic of no kind."""
    return sorted([*FOLDER.glob("*.yaml"), *FOLDER.glob("topics/*.yaml")])


def cases(paths: list[Path]) -> list[Case]:
    return [case for path in paths for case in _cases_of(path)]


def _cases_of(path: Path) -> Iterator[Case]:
    try:
        documents = yaml.load(path.read_text(), _Loader)
    except (yaml.YAMLError, Mistake) as wrong:
        yield Case(f"{path.stem}: the file cannot be read", Mistake(f"{path.name}: {wrong}"))
        return
    if path.parent == FOLDER and path.stem not in CATALOG.kinds:
        yield Case(f"{path.stem}: is a kind", Mistake(f"{path.name}: no such kind; conversations of a topic go to topics/"))
    if not isinstance(documents, list):
        yield Case(f"{path.stem}: is a list", Mistake(f"{path.name}: a file is a list of conversations"))
        return
    titles: set[str] = set()
    for document in documents:
        title = str(document.get("title", "")) if isinstance(document, dict) else ""
        if title in titles:
            yield Case(f"{path.stem}: {title} (again)", Mistake(f"{path.name}: the title {title!r} comes twice"))
        titles.add(title)
        examples = document.get("examples") if isinstance(document, dict) else None
        if not isinstance(examples, list):
            yield Case(f"{path.stem}: {title}", document)
            continue
        for number, values in enumerate(examples, 1):
            yield Case(f"{path.stem}: {title} [{_short(values) or number}]", document, values if isinstance(values, dict) else {})


def _short(values: Any) -> str:
    said = ", ".join(str(value) for value in values.values()) if isinstance(values, dict) else ""
    return said if len(said) <= 60 else ""


def conversation_of(document: Any, values: Mapping[str, Any]) -> Conversation:
    """Raises Mistake, which says what to correct."""
    if not isinstance(document, dict):
        raise Mistake(f"a conversation is a mapping, not {document!r}")
    if unknown := document.keys() - KEYS:
        raise Mistake(f"unknown keys {sorted(unknown)}; there are {sorted(KEYS)}")
    for key in ("title", "rule"):
        if not isinstance(document.get(key), str) or not document[key].strip():
            raise Mistake(f"{key} is missing, or no text (quote a number: '4.3')")
    if "examples" in document and not values:
        raise Mistake("examples is a list of mappings from a variable to its value")
    return Conversation(
        document["title"],
        document["rule"],
        _requests(document.get("given"), "given"),
        _steps(document),
        _requests(document.get("afterwards"), "afterwards"),
        values,
        repr(document),
    )


def _steps(document: dict[str, Any]) -> list[Step]:
    if "steps" not in document:
        return [_step(document)]
    if "when" in document or "then" in document:
        raise Mistake("either when and then, or steps")
    steps = document["steps"]
    if not isinstance(steps, list) or not steps:
        raise Mistake("steps is a list of mappings with when and then")
    for each in steps:
        if not isinstance(each, dict) or each.keys() != {"when", "then"}:
            raise Mistake(f"a step has when and then, and nothing else: {each!r}")
    return [_step(each) for each in steps]


def _step(document: dict[str, Any]) -> Step:
    when = _requests(document.get("when"), "when")
    if not when:
        raise Mistake("when asks for nothing")
    return Step(when, _expectation(document.get("then")))


def _expectation(then: Any) -> dict[str, Any]:
    if isinstance(then, int | str) and not isinstance(then, bool):
        return {"status": then}
    if not isinstance(then, dict) or not then:
        raise Mistake("then checks nothing")
    if unknown := [key for key in then if key not in EXPECTATIONS and not str(key).startswith("read ")]:
        raise Mistake(f"then does not know {unknown}; it knows {sorted(EXPECTATIONS)} and 'read <name>'")
    for key, value in then.items():
        if value is None or value in ({}, [], ""):
            raise Mistake(f"then: {key} checks nothing")
    return {"status": 200, **then}


def _requests(said: Any, where: str) -> list[Request]:
    """A phrase, a mapping of phrases, or a list of either; in that order."""
    match said:
        case None:
            return []
        case str():
            return [Request(said)]
        case dict():
            return [Request(str(phrase), body) for phrase, body in said.items()]
        case list():
            return [request for each in said for request in _requests(each, where)]
        case _:
            raise Mistake(f"{where}: a request is a phrase, not {said!r}")
