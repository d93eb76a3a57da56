"""
The sub-commands `serve`, `migrate` and `token` of `netweave`.

What the first two do is loaded when they are called: loading takes a third of a second, in which a worker can load beside it.
"""

from contextlib import suppress
from pathlib import Path
from pkgutil import resolve_name
from typing import Annotated

import typer

from api_server.access.tokens import entry_of, new_token
from api_server.model.caller import Bearer
from api_server.supervisor.recruits import recruited

DataDir = Annotated[Path | None, typer.Option(help="Where the embedded PostgreSQL keeps its data (DATABASE_URL unset).")]


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on  [default: 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on, 0 for any free one  [default: 8082]")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Worker processes  [default: 1]")] = None,
    data_dir: DataDir = None,
    allow_no_auth: Annotated[
        bool | None, typer.Option("--allow-no-auth", help="Serve others than this machine without authentication.")
    ] = None,
    database_read_url: Annotated[
        str | None, typer.Option(help="A standby for reads that may lag. With a password in it, rather say DATABASE_READ_URL.")
    ] = None,
    max_staleness: Annotated[
        int | None, typer.Option(min=0, help="Seconds by which reads may lag that do not say so themselves  [default: 0]")
    ] = None,
) -> None:
    """Serve the API, on the PostgreSQL of DATABASE_URL or on an embedded one."""
    flags = {
        "host": host,
        "port": port,
        "workers": workers,
        "data_dir": data_dir,
        "allow_no_auth": allow_no_auth,
        "database_read_url": database_read_url,
        "max_staleness": max_staleness,
    }
    with suppress(KeyboardInterrupt), recruited() as recruits:
        resolve_name("api_server.attempt:serve")(flags, recruits)


def migrate(data_dir: DataDir = None) -> None:
    """Bring the tables of the database up to this version."""
    resolve_name("api_server.attempt:migrate")({"data_dir": data_dir})


def token(
    user: Annotated[str, typer.Option(help="Whose token it is; what the user does is noted under this name.")],
    role: Annotated[list[str] | None, typer.Option(help="A role; may be said several times.")] = None,
    project: Annotated[str, typer.Option(help="The uuid of the user's project.")] = "",
    domain: Annotated[str, typer.Option(help="The uuid of the project's domain, or `default` for default-domain.")] = "",
) -> None:
    """Make a token: its entry for NETWEAVE_TOKENS_FILE on standard output, itself on standard error. It is kept nowhere."""
    secret = new_token()
    typer.echo(entry_of(secret, Bearer(user=user, roles=tuple(role or ()), project_id=project, domain_id=domain)))
    typer.echo(f"The token, for X-Auth-Token: {secret}", err=True)


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(serve)
    app.command()(migrate)
    app.command()(token)
    app()
