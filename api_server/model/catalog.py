"""schemas/ read into a Catalog: every kind, with the links that are the inverse of what the files say."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from api_server.model.kind import BackRefRule, ChildRule, Field, Kind, Property, RefRule, hyphened, snake_of
from api_server.model.places import data_directory

SCALARS = frozenset({"string", "integer", "boolean", "dateTime", "unsignedLong"})
ROOT = "config-root"

_Document = Mapping[str, Any]
# libyaml reads the directory ten times faster than the loader in Python; some builds of PyYAML lack it.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class SchemaError(Exception):
    """A file of schemas/ says something the catalog cannot hold."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"schemas: {where}: {problem}")


@dataclass(frozen=True, slots=True, eq=False)
class Catalog:
    """Every kind and every structure; names are hyphened, as in paths. It equals itself only, so that it can key a cache."""

    kinds: Mapping[str, Kind]
    structures: Mapping[str, Mapping[str, Field]]
    # id_perms and perms2: the documents that the server keeps itself (contract 2.3, 2.4).
    documents: Mapping[str, Property]
    _collections: Mapping[str, Kind] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_collections", {kind.collection: kind for kind in self.kinds.values()})

    def __getitem__(self, name: str) -> Kind:
        return self.kinds[name]

    def __iter__(self) -> Iterator[Kind]:
        return iter(self.kinds.values())

    def __len__(self) -> int:
        return len(self.kinds)

    def find(self, name: str) -> Kind | None:
        """The kind of that name, spelt with hyphens or underscores (contract 1.1)."""
        return self.kinds.get(name) or self.kinds.get(hyphened(name))

    def by_collection(self, collection: str) -> Kind | None:
        """The kind whose list is at `/<collection>`."""
        return self._collections.get(collection)


def schemas_directory() -> Path:
    """Where the schemas of this installation are."""
    return data_directory("schemas")


def load(directory: Path | None = None) -> Catalog:
    """The catalog of `directory`, or of the schemas that came with the program; SchemaError names the file at fault."""
    directory = directory or schemas_directory()
    types = _TypeNames(_read(directory / "types.yaml"))
    common = _read(directory / "common.yaml")
    described = [_described(path, common) for path in sorted(directory.glob("kinds/*.yaml"))]
    names = {document["name"] for document in described}
    children, back_refs = _inverses(described, names)
    kinds = {
        document["name"]: Kind(
            name=document["name"],
            parents=tuple(document["parents"]),
            derived_parents=frozenset(document.get("derived_parents", ())),
            properties={name: types.property(name, said) for name, said in document["properties"].items()},
            refs={rule.name: rule for rule in _refs(document)},
            children=children[document["name"]],
            back_refs=back_refs[document["name"]],
        )
        for document in described
    }
    documents = {name: types.property(name, said) for name, said in common["documents"].items()}
    return Catalog(kinds, types.structures, documents)


def _read(path: Path) -> dict[str, Any]:
    document = yaml.load(path.read_bytes(), LOADER)  # noqa: S506 (both loaders are safe ones)
    if not isinstance(document, dict):
        raise SchemaError(path.name, "a mapping is expected")
    return document


def _described(path: Path, common: _Document) -> dict[str, Any]:
    """What the file says, with what every kind has after it."""
    document = _read(path)
    if snake_of(document["name"]) != path.stem:
        raise SchemaError(path.name, f"the name {document['name']!r} belongs in {snake_of(document['name'])}.yaml")
    document["properties"] = {**document.get("properties", {}), **common["properties"]}
    document["refs"] = {**document.get("refs", {}), **common["refs"]}
    return document


def _refs(document: _Document) -> Iterator[RefRule]:
    for target, said in document["refs"].items():
        yield RefRule(name=f"{snake_of(target)}_refs", target=target, **said)


_Children = dict[str, dict[str, ChildRule]]
_BackRefs = dict[str, dict[str, BackRefRule]]


def _inverses(described: list[dict[str, Any]], names: set[str]) -> tuple[_Children, _BackRefs]:
    """The children and the back refs of each kind: the files say parents and refs only."""
    children: _Children = {name: {} for name in names}
    back_refs: _BackRefs = {name: {} for name in names}
    for document in described:
        kind, snake = document["name"], snake_of(document["name"])
        if unknown := {*document["parents"], *document["refs"]} - names:
            raise SchemaError(kind, f"no kind is called {', '.join(sorted(unknown))}")
        for parent in document["parents"]:
            child = ChildRule(name=f"{snake}s", kind=kind, derived=parent in document.get("derived_parents", ()))
            children[parent][child.name] = child
        for rule in _refs(document):
            back_ref = BackRefRule(name=f"{snake}_back_refs", kind=kind, attr=rule.attr, derived=rule.derived)
            back_refs[rule.target][back_ref.name] = back_ref
    return children, back_refs


class _TypeNames:
    """types.yaml: what each name of a type stands for."""

    def __init__(self, document: _Document) -> None:
        self._scalars: dict[str, Field] = {}
        self._scalars = {name: self._field(name, said) for name, said in document["scalars"].items()}
        self._names = SCALARS | set(document["structures"])
        self.structures = {
            structure: {name: self._field(name, said) for name, said in fields.items()}
            for structure, fields in document["structures"].items()
        }
        for structure, fields in self.structures.items():
            self._check(structure, fields)

    def property(self, name: str, said: Any) -> Property:
        said = dict(said) if isinstance(said, dict) else {"type": said}
        collection, map_key = said.pop("collection", ""), said.pop("map_key", "")
        operations = said.pop("operations", "CRUD")
        plain = self._field(name, said)
        self._check(name, {name: plain})
        return Property(
            **{slot: getattr(plain, slot) for slot in Field.__dataclass_fields__},
            collection=collection,
            element=self._element(plain) if collection else "",
            map_key=map_key,
            operations=operations,
        )

    def _field(self, name: str, said: Any) -> Field:
        """`T`, `[T]`, or a mapping with `type: T` and more."""
        said = dict(said) if isinstance(said, dict) else {"type": said}
        array = isinstance(said["type"], list)
        type_name = said["type"][0] if array else said["type"]
        low, high = said.get("range", (None, None))
        required = "required" if said.get("required") is True else said.get("required", "")
        own = Field(
            name=name,
            type=type_name,
            array=array,
            enum=tuple(said.get("enum", ())),
            low=low,
            high=high,
            required=required,
            default=said.get("default"),
        )
        scalar = self._scalars.get(type_name)
        if scalar is None:
            return own
        return replace(own, type=scalar.type, simple=type_name, enum=scalar.enum, low=scalar.low, high=scalar.high)

    def _element(self, plain: Field) -> str:
        """The one list that the structure of a collection wraps."""
        (element,) = self.structures[plain.type].values()
        return element.name

    def _check(self, owner: str, fields: Mapping[str, Field]) -> None:
        for each in fields.values():
            if each.type not in self._names:
                raise SchemaError(owner, f"{each.name} has the type {each.type}, which types.yaml does not know")
