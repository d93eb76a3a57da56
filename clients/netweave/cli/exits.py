"""Exit codes, and which error leaves with which."""

from dataclasses import dataclass

from netweave._errors import Conflict, NotFound, Unreachable, VncError
from netweave.cli.commands import Missing

HELP = """\b
Exit codes:
  0  done
  1  the server refused or failed, or something else went wrong
  2  wrong usage, or a file that cannot be understood; nothing was sent
  3  not found
  4  conflict: the name or address is taken, or others still need the object
  5  the server cannot be reached
`diff` leaves with 1 when there are differences, and with 6 where others leave with 1."""
REFUSED, TROUBLE = 1, 6


class Usage(Exception):
    """What was asked makes no sense; nothing was sent."""


class Differs(Exception):
    """The server does not have what the files describe; what differs is told already."""


class Trouble(Exception):
    """A refusal that must not be taken for a difference."""


@dataclass(frozen=True)
class Failure:
    """An error as the command line tells it: one text on stderr, and an exit code."""

    text: str
    code: int


CODES: tuple[tuple[type[Exception], int], ...] = (
    (NotFound, 3),
    (Conflict, 4),
    (Unreachable, 5),
    (VncError, REFUSED),
    (Missing, REFUSED),
    (Differs, 1),
    (Usage, 2),
    (Trouble, TROUBLE),
)


def failure_of(error: Exception) -> Failure | None:
    """The failure that this error is; None for one that nobody foresaw, whose traceback is wanted."""
    code = next((code for kind, code in CODES if isinstance(error, kind)), None)
    # A note says what the error was met at.
    return None if code is None else Failure("\n".join([f"{error}", *getattr(error, "__notes__", [])]), code)
