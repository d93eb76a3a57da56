"""Worker processes that load their program and wait to be told what to serve; this loads next to nothing itself."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class Recruit:
    """
    A worker process, and the channel to it.

    It serves when it is told its settings and given the socket to listen on. It ends when the channel ends, so when we do, however that
    happens. In a session of its own a Ctrl-C at our terminal does not reach it: we tell it.
    """

    def __init__(self) -> None:
        self.channel, theirs = socket.socketpair()
        with theirs:
            # The collector rests while the program is loaded, which takes a seventh less: it would walk through all of it again and again,
            # and find nothing to throw away. It is let go to work when the worker is ready.
            self.process = subprocess.Popen(
                [sys.executable, "-c", "import gc; gc.disable(); from api_server.main import main; main()"],
                stdin=theirs.fileno(),
                start_new_session=True,
            )

    def dismiss(self) -> None:
        """End it: it was never told to serve."""
        self.process.kill()
        self.process.wait()
        self.channel.close()


@contextmanager
def recruited() -> Iterator[list[Recruit]]:
    """One that loads while the settings are read and the database is made ready; more may be put in the list. Whoever takes one out
    answers for it."""
    recruits = [Recruit()]
    try:
        yield recruits
    finally:
        for each in recruits:
            each.dismiss()
