"""What `serve` and `migrate` do, with what the user can mend said in one line."""

from collections.abc import Callable, Mapping
from typing import Any

import typer
from pydantic import ValidationError

from api_server.embedded import EmbeddedServerError
from api_server.errors import Unavailable
from api_server.settings import Settings
from api_server.supervisor import serving
from api_server.supervisor.fault import StartupError
from api_server.supervisor.recruits import Recruit


def serve(flags: Mapping[str, Any], recruits: list[Recruit]) -> None:
    """Serve until told to end."""
    _attempt(lambda settings: serving.serve(settings, recruits, typer.echo), flags)


def migrate(flags: Mapping[str, Any]) -> None:
    """Bring the database up to this version."""
    _attempt(lambda settings: serving.migrate(settings, typer.echo), flags)


def _attempt(command: Callable[[Settings], None], flags: Mapping[str, Any]) -> None:
    """Flags win over the environment. What the user can mend is one line and exit code 1."""
    try:
        command(Settings(**{name: value for name, value in flags.items() if value is not None}))
    except ValidationError as why:
        problems = [f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}, not {problem['input']!r}" for problem in why.errors()]
        _refuse("; ".join(problems))
    except (StartupError, EmbeddedServerError, Unavailable) as why:
        _refuse(str(why))


def _refuse(sentence: str) -> None:
    typer.echo(f"netweave: {sentence}", err=True)
    raise typer.Exit(1)
