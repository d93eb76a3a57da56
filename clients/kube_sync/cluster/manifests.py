"""Files of manifests, read as `kubectl apply -f` reads them: each object with the place that it stands at."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

SUFFIXES = {".yaml", ".yml", ".json"}
STDIN = Path("-")

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Placed:
    """An object of a file; `place` names the file and, where it holds several documents, which."""

    place: str
    manifest: Manifest

    @property
    def kind(self) -> str:
        """What it is."""
        return str(self.manifest.get("kind"))


class NotAManifest(ValueError):
    """A document that is no object of Kubernetes."""

    def __init__(self, place: str, document: object) -> None:
        super().__init__(f"{place}: not a Kubernetes object: {document!r:.60}")


class Files:
    """A file, stdin, or the files of a folder; with `recursive`, of the folders in it too."""

    def __init__(self, path: Path, *, recursive: bool) -> None:
        self._root = path if path == STDIN else path.resolve()
        self._recursive = recursive
        self._stdin = sys.stdin.read() if path == STDIN else ""

    def __iter__(self) -> Iterator[Path]:
        """The files that there are now, by name."""
        if not self._root.is_dir():
            yield self._root
            return
        found = self._root.rglob("*") if self._recursive else self._root.iterdir()
        yield from sorted(path for path in found if path.suffix in SUFFIXES and path.is_file())

    def stamp(self) -> tuple[tuple[str, int, int], ...]:
        """Differs when a file was edited, came or went."""
        stats = [(str(path), path.stat()) for path in self if path != STDIN]
        return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)

    def name(self, path: Path) -> str:
        """What a file is called in messages."""
        if path == STDIN:
            return "stdin"
        return str(path.relative_to(self._root)) if path != self._root else path.name

    def read(self, path: Path) -> list[Placed]:
        """The objects of a file, those of a List one by one; a ValueError or OSError says what is wrong with it."""
        name = self.name(path)
        try:
            documents = list(yaml.safe_load_all(self._stdin if path == STDIN else path.read_text()))
        except yaml.YAMLError as why:
            raise ValueError(f"{name}: {why}") from why
        several = len(documents) > 1
        numbered = [(f"{name} document {number}" if several else name, document) for number, document in enumerate(documents, 1)]
        return [placed for place, document in numbered if document is not None for placed in _flat(place, document)]


def _flat(place: str, document: Any) -> Iterable[Placed]:
    if not isinstance(document, dict):
        raise NotAManifest(place, document)
    items, kind = document.get("items"), str(document.get("kind"))
    if kind != "List" and not (kind.endswith("List") and isinstance(items, list)):
        return [Placed(place, document)]
    return [placed for number, item in enumerate(items or (), 1) for placed in _flat(f"{place} item {number}", item)]
