"""YAML and JSON documents, read from files, folders and stdin."""

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from netweave.cli.exits import Usage

SUFFIXES = {".yaml", ".yml", ".json"}
STDIN = Path("-")


def read_all(paths: Iterable[Path]) -> Iterator[tuple[str, Any]]:
    """Each document with the words that tell where it came from; Usage if a file cannot be read."""
    for path in paths:
        if path == STDIN:
            yield from _documents("stdin", sys.stdin.buffer.read())
        else:
            for file in _files(path):
                yield from _documents(str(file), _bytes(file))


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES and file.is_file())
    if not found:
        raise Usage(f"{path}: no {', '.join(sorted(SUFFIXES))} file in this folder")
    return found


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as why:
        raise Usage(f"{file}: {why.strerror}") from why


def _documents(where: str, text: bytes) -> Iterator[tuple[str, Any]]:
    """JSON is YAML, so one reader does; empty documents, as between two `---`, are none."""
    try:
        found = [document for document in yaml.load_all(text, Loader=_LOADER) if document is not None]
    except (yaml.YAMLError, UnicodeDecodeError) as why:
        raise Usage(f"{where}: {why}") from why
    for number, document in enumerate(found, 1):
        yield (where if len(found) == 1 else f"{where} document {number}"), document


# Plain words mean what they mean in JSON. In YAML 1.1 `on` is true, a date is no text, and a MAC such as 12:34:56:12:34:56 is a number.
_LOADER: Any = type("_JsonLikeLoader", (getattr(yaml, "CSafeLoader", yaml.SafeLoader),), {"yaml_implicit_resolvers": {}})
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ("~", "n", "N", "")),
    ("int", r"[-+]?(0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*|(\.[0-9]+|[0-9]+(\.[0-9]*)?)[eE][-+]?[0-9]+)", "-+.0123456789"),
    ("merge", r"<<", "<"),
):
    _LOADER.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first))
