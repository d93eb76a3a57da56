"""Where the embedded server's files lie."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from api_server.embedded.account import Account, account_for
from api_server.embedded.fault import ForeignDirectory, OtherProgramsCluster, UnusableDirectory
from api_server.embedded.postmaster import SOCKET

# What `sockaddr_un` holds on every system we know (Linux 107 bytes, the BSDs 103).
LONGEST_SOCKET = 103


@dataclass(frozen=True, slots=True)
class Home:
    """The data directory, and the account that owns it and everything in it."""

    data_dir: Path
    account: Account

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own directory."""
        return self.data_dir / "cluster"

    @property
    def half_made(self) -> Path:
        """A cluster in the making; it becomes `cluster` when it is whole."""
        return self.data_dir / "cluster.new"

    @property
    def log(self) -> Path:
        """What the server says; the one before it is beside it."""
        return self.data_dir / "postgres.log"

    @property
    def is_reachable(self) -> bool:
        """Whether the account gets to the data directory by name: as root we may keep it below a directory of root's own."""
        return self.account.can_reach(self.data_dir)

    @property
    def elsewhere(self) -> Path:
        """A short directory for what cannot lie in the data directory. Its name follows from the data directory's identity, so that a
        start after a kill finds it again."""
        status = self.data_dir.stat()
        name = f"netweave-{os.geteuid()}-{status.st_dev:x}-{status.st_ino:x}"
        places = [Path(tempfile.gettempdir()), Path("/tmp")]  # noqa: S108 - made with mkdir, checked by `make_elsewhere`
        return next(
            (place / name for place in places if _fits(place / name / "socket") and self.account.can_reach(place)), places[-1] / name
        )

    def make_elsewhere(self) -> Path:
        """That directory, ours and closed to writers; somebody else's is refused."""
        path = self.elsewhere
        path.mkdir(mode=0o700, exist_ok=True)
        status = path.lstat()
        if path.is_symlink() or status.st_uid != os.geteuid():
            raise UnusableDirectory(path, "it belongs to somebody else; remove it, or set TMPDIR")
        path.chmod(0o711)
        return path

    def remove_elsewhere(self) -> None:
        """Leave nothing behind once the server is gone."""
        path = self.elsewhere
        if path.is_dir() and not path.is_symlink() and path.lstat().st_uid == os.geteuid():
            shutil.rmtree(path)

    def sockets(self) -> Path:
        """Where the socket lies: in the data directory, unless its path is too long for a socket or hidden from the account."""
        inside = self.data_dir / "socket"
        return inside if _fits(inside) and self.is_reachable else self.elsewhere / "socket"


def prepare_home(data_dir: Path) -> Home:
    """Make or take the directory. One that holds other things is refused: it is about to change hands."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        data_dir = data_dir.resolve(strict=True)
        _refuse_foreign(data_dir)
        home = Home(data_dir, account_for(data_dir))
        home.account.make_directory(data_dir)
    except OSError as why:
        raise UnusableDirectory(data_dir, why.strerror or str(why)) from why
    return home


def _refuse_foreign(data_dir: Path) -> None:
    found = {path.name for path in data_dir.iterdir()}
    if "PG_VERSION" in found:
        raise OtherProgramsCluster(data_dir, (data_dir / "PG_VERSION").read_text().strip())
    if found - {"lost+found"} and "door.lock" not in found:
        raise ForeignDirectory(data_dir)


def _fits(directory: Path) -> bool:
    return len(os.fsencode(directory / SOCKET)) <= LONGEST_SOCKET
