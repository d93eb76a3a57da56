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
  5  the server cannot be reached"""


class Usage(Exception):
    """What was asked makes no sense; nothing was sent."""


@dataclass(frozen=True)
class Failure:
    """An error as the command line tells it: one text on stderr, and an exit code."""

    text: str
    code: int


CODES: tuple[tuple[type[Exception], int], ...] = ((NotFound, 3), (Conflict, 4), (Unreachable, 5), (VncError, 1), (Missing, 1), (Usage, 2))


def failure_of(error: Exception) -> Failure | None:
    """The failure that this error is; None for one that nobody foresaw, whose traceback is wanted."""
    code = next((code for kind, code in CODES if isinstance(error, kind)), None)
    # A note says what the error was met at.
    return None if code is None else Failure("\n".join([f"{error}", *getattr(error, "__notes__", [])]), code)
