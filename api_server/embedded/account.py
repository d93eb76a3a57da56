"""The operating system account that PostgreSQL runs under: our own, or an unprivileged one when we are root."""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypedDict

from api_server.embedded.fault import UnusableAccount

# PostgreSQL refuses to run as root. An account must exist, since initdb looks its name up; we never add one.
CANDIDATES = ("netweave", "postgres", "nobody")
# Nothing of the caller's environment may steer the server (PGDATA, PGOPTIONS, LD_PRELOAD ...).
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


class Identity(TypedDict, total=False):
    """The arguments of `subprocess` that drop privileges."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """Who owns the data directory. Files made through it are its own, programs run through it have its rights only."""

    uid: int
    gid: int

    @property
    def name(self) -> str:
        """Its login name; an account without one cannot run initdb."""
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            raise UnusableAccount.nameless(self.uid) from None

    @property
    def _identity(self) -> Identity:
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if os.geteuid() == 0 else {}

    def make_directory(self, path: Path, mode: int = 0o700) -> None:
        """The directory exists, is this account's, and has exactly this mode."""
        path.mkdir(mode=mode, exist_ok=True)
        opened = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            self._give(opened, mode)
        finally:
            os.close(opened)

    def open_file(self, path: Path, flags: int) -> int:
        """Open a file of this account's, made if absent. A link is refused: as root we would follow it anywhere."""
        opened = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        self._give(opened, 0o600)
        return opened

    def _give(self, opened: int, mode: int) -> None:
        status = os.fstat(opened)
        if os.geteuid() == 0 and (status.st_uid, status.st_gid) != (self.uid, self.gid):
            os.fchown(opened, self.uid, self.gid)
        if status.st_mode & 0o777 != mode:
            os.fchmod(opened, mode)

    def can_reach(self, path: Path) -> bool:
        """Whether this account gets through every parent of the path, and may enter or run it."""
        return self.run(["/bin/sh", "-c", 'test -x "$0"', str(path)]).returncode == 0

    def run(self, command: Sequence[str], *, cwd: Path | None = None, text: str = "") -> subprocess.CompletedProcess[str]:
        """Run to the end as this account. The working directory is entered before privileges are dropped."""
        try:
            return subprocess.run(  # noqa: S603 - our own programs and /bin/sh, with constant arguments
                command,
                cwd=cwd,
                input=text,
                capture_output=True,
                text=True,
                errors="replace",
                env=ENVIRONMENT,
                check=False,
                **self._identity,
            )
        except PermissionError as why:
            return subprocess.CompletedProcess(command, 126, "", str(why))

    def launch(self, command: Sequence[str], *, cwd: Path, log: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start as this account in a session of its own, so that a Ctrl-C at our terminal is ours alone."""
        return subprocess.Popen(  # noqa: S603 - the server's own program
            command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=ENVIRONMENT, start_new_session=True, **self._identity
        )


def account_for(data_dir: Path) -> Account:
    """Ourselves; as root the owner of the data directory, or else the first unprivileged account that this system has."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    status = data_dir.stat()
    if status.st_uid != 0:
        return Account(status.st_uid, status.st_gid)
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise UnusableAccount.none_for_root(CANDIDATES)
