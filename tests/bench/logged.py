"""The statements that the server sent, read from PostgreSQL's log, so that others can send them again."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

# A line of the log, and those that go on with it.
_ENTRY = re.compile(r"^\S[^\n]*? (LOG|DETAIL):  (.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
_PARAMETER = re.compile(r"\$(\d+) = ('(?:[^']|'')*'|NULL)")
_NUMBER = "(cast(:client_id as bigint) * 1000000000 + cast(:number as bigint))"
_UUID = f"cast(cast(md5(cast({_NUMBER} as text)) as uuid) as text)"
_NAME = f"cast({_NUMBER} as text)"
_DIGEST = f"encode(sha256(convert_to({_NAME}, 'UTF8')), 'hex')"


@dataclass(frozen=True, slots=True)
class Replay:
    """A script of pgbench, and the variables that it starts with."""

    script: str
    given: Mapping[str, str]


def replay(log: str, uuid: str, name: str) -> Replay:
    """
    What stored the object of that uuid and name, one part long, stores others: in every parameter uuid, name and the hash of the name are
    made anew.
    """
    own = {uuid: _UUID, sha256(name.encode()).hexdigest(): _DIGEST, name: _NAME}
    lines, given = ["\\set number :number + 1"], {"number": "0"}
    for _, sql, values in _statements(log):
        lines.append(_numbered(sql, values, given, own) + ";")
    return Replay("\n".join(lines), given)


def inlined(log: str) -> list[str]:
    """The statements with their parameters in them as literals, each once however often the rest of it was fetched."""
    found: dict[str, None] = {}
    for name, sql, values in _statements(log):
        if not name.startswith("execute fetch"):
            found[_with_literals(sql, values)] = None
    return list(found)


def _with_literals(sql: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\$(\d+)", lambda found: values[found[1]], sql)


def _statements(log: str) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    """What it is called, its SQL, and its parameters as literals."""
    entries = [(kind, text.strip()) for kind, text in _ENTRY.findall(log)]
    for (kind, text), (following, detail) in zip(entries, [*entries[1:], ("", "")], strict=True):
        if kind == "LOG" and (found := re.match(r"(statement|execute [^:]+): (.*)", text, re.DOTALL)):
            yield found[1], found[2].rstrip(";"), dict(_PARAMETER.findall(detail)) if following == "DETAIL" else {}


def _numbered(sql: str, values: Mapping[str, str], given: dict[str, str], own: Mapping[str, str]) -> str:
    """The statement with variables in place of its parameters."""
    first = len(given)

    def variable(found: re.Match[str]) -> str:
        if values[found[1]] == "NULL":
            return "NULL"
        value = values[found[1]][1:-1].replace("''", "'")
        named = f"p{first + int(found[1])}"
        given[named] = value
        made = f":{named}"
        for told, anew in own.items():
            if told in value:
                made = f"replace({made if made.startswith('replace') else f'cast({made} as text)'}, '{told}', {anew})"
        return made if made.startswith(":") else f"({made})"

    return re.sub(r"\$(\d+)", variable, sql)
