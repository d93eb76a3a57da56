"""Makes the copy of contrail-api-cli 0.3.0 in a venv run on Python 3.11, and lists what it changed; not how it talks to a server.

The tool was last published for Python 3.4 to 3.6. It is run by the Python of that venv, which knows where the copy is.
"""

import re
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

DONE = "mended for Python 3.11"


@dataclass(frozen=True)
class Mend:
    """One change: in which files, what for, and by which replacement. It is an error when there is nothing to replace."""

    files: str
    why: str
    pattern: str
    replacement: str


# datrie, which finds what a word may be completed to, would need a C compiler; a dictionary does it too.
TRIE = """class Trie(dict):
    def __init__(self, alphabet):
        super().__init__()

    def has_keys_with_prefix(self, prefix):
        return any(key.startswith(prefix) for key in self)

    def values(self, prefix=""):
        return [self[key] for key in sorted(self) if key.startswith(prefix)]
"""

MENDS = [
    Mend("utils.py", "ABCs are in collections.abc since 3.3, and only there since 3.10", r"^import collections$", "import collections.abc"),
    Mend("utils.py", "the same, where they are used", r"\bcollections\.(?=(Sequence|Mapping|Iterable)\b)", "collections.abc."),
    Mend("**/*.py", "PEP 479: a generator ends by returning since 3.7", r"\braise StopIteration\b", "return"),
    Mend("utils.py", "pathlib has no `init` in this private call since 3.10", r"(_from_parsed_parts\(.*), init(=True)?\)", r"\1)"),
    Mend("utils.py", "gevent patches ssl before anything imports it: __init__.py does", r"^gevent\.monkey\.patch_(socket|ssl)\(\)\n", ""),
    Mend("__init__.py", "here it is first", r"\A", "import gevent.monkey\n\ngevent.monkey.patch_socket()\ngevent.monkey.patch_ssl()\n"),
    Mend("resource.py", "datrie has to be compiled: trie.py does for completion", r"^import datrie$", "from . import trie as datrie"),
    Mend("manager.py", "stevedore 5 checks no requirements of plug-ins", r"\n *verify_requirements=True,", ""),
]


def mend(package: Path) -> list[str]:
    """Change the copy, once; what was done, a line each."""
    mark = package / "MENDED"
    if mark.exists():
        return mark.read_text(encoding="utf-8").splitlines()
    (package / "trie.py").write_text(TRIE, encoding="utf-8")
    lines = [DONE, *(f"{one.files}: {one.why} ({_apply(package, one)} places)" for one in MENDS)]
    mark.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return lines


def _apply(package: Path, one: Mend) -> int:
    places = 0
    for path in sorted(package.glob(one.files)):
        if "tests" in path.parts:
            continue
        text, found = re.subn(one.pattern, one.replacement, path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        if found:
            path.write_text(text, encoding="utf-8")
        places += found
    if not places:
        raise SystemExit(f"{one.files}: nothing matches {one.pattern!r}: is this contrail-api-cli 0.3.0?")
    return places


if __name__ == "__main__":
    spec = find_spec("contrail_api_cli")
    if spec is None or spec.origin is None:
        raise SystemExit("contrail-api-cli is not installed for this Python")
    sys.stdout.write("\n".join(mend(Path(spec.origin).parent)) + "\n")
