"""Locks on files: they end with their holder, however it ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api_server.embedded.account import Account


class FileLock:
    """A `flock` on one file. Whoever holds it is never asked by number: a killed process holds nothing."""

    def __init__(self, path: Path, account: Account) -> None:
        self._file = account.open_file(path, os.O_RDWR)

    def share(self) -> None:
        """Hold it along with others."""
        fcntl.flock(self._file, fcntl.LOCK_SH)

    def is_ours_alone(self) -> bool:
        """Give up the share; true when nobody else has one, and then nobody can get one until `close`."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold it alone, waiting for whoever has it."""
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of it."""
        os.close(self._file)
