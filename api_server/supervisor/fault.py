"""
Why a server does not start, said to the person who starts it.

* StartupError
  + HostUnusable
    - NotLoopback
    - PortInUse
  + BadAccess
  + BadDatabaseUrl
  + NoStandby
  + DatabaseBehind, DatabaseAhead
  + MigrationFailed
  + TooFewConnections
  + WorkerFailed
    - WorkerDied
    - WorkerRefused
"""


class StartupError(Exception):
    """One sentence that says what is wrong and what to do; commands print it and exit 1."""


class HostUnusable(StartupError):
    """An address that is no address of this machine."""

    def __init__(self, host: str, why: str) -> None:
        super().__init__(f"cannot serve on --host {host}: {why}")


class NotLoopback(HostUnusable):
    """Others could reach an API that lets everybody do everything."""

    def __init__(self, host: str) -> None:
        super().__init__(
            host,
            "others could reach it and there is no authentication; use 127.0.0.1, set NETWEAVE_AAA_MODE, "
            "or say --allow-no-auth if that is meant",
        )


class PortInUse(HostUnusable):
    """Some other server has it."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, f"port {port} is in use; end the other server, or choose another --port (0: any free one)")


class BadAccess(StartupError):
    """Access control that is asked for and cannot be had."""


class BadDatabaseUrl(StartupError):
    """It names no PostgreSQL. Its text is not repeated: it may hold a password."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is not of the form postgresql://user:password@host:port/database")


class NoStandby(StartupError):
    """A standby is asked for, and there is no PostgreSQL of which it could be one."""

    def __init__(self) -> None:
        super().__init__("DATABASE_READ_URL without DATABASE_URL: the embedded PostgreSQL has no standby")


class DatabaseBehind(StartupError):
    """The tables are not those that this version writes."""

    def __init__(self, database: str, current: str | None, wanted: str) -> None:
        state = f"is at revision {current}" if current else "has no tables of Netweave"
        super().__init__(f"the database {database} {state} and this version needs revision {wanted}: run `netweave migrate` first")


class DatabaseAhead(StartupError):
    """A newer version has been here."""

    def __init__(self, database: str, current: str) -> None:
        super().__init__(f"the database {database} is at revision {current}, made by a newer version: run that one")


class MigrationFailed(StartupError):
    """The database is as it was."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the migration ended with status {status} and the database is as it was; its last words are above")


class TooFewConnections(StartupError):
    """The workers together would ask for more connections than PostgreSQL gives."""

    def __init__(self, workers: int, each: int, limit: int) -> None:
        super().__init__(
            f"--workers {workers} with {each} connections each needs {workers * each} and PostgreSQL gives {limit} (max_connections less "
            "the reserved): lower --workers or NETWEAVE_POOL_SIZE, or raise max_connections"
        )


class WorkerFailed(StartupError):
    """It ended before the server was ready, so another would end too."""


class WorkerDied(WorkerFailed):
    """It did not say why."""

    def __init__(self, status: int) -> None:
        super().__init__(f"a worker ended with status {status} while the server was starting; its last words are above")


class WorkerRefused(WorkerFailed):
    """It cannot serve with such settings, and says so in one sentence."""
