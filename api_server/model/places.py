"""Where the data of the project lies: beside the package in a checkout, inside it in a wheel."""

from pathlib import Path


class MissingDataError(FileNotFoundError):
    """The installation lacks a directory of its own data."""

    def __init__(self, name: str, candidates: list[Path]) -> None:
        super().__init__(f"{name}/ is at none of: {', '.join(map(str, candidates))}")


_PACKAGE = Path(__file__).resolve().parent.parent


def data_directory(name: str) -> Path:
    """The directory of that name (`schemas`, `migrations`, `examples`); MissingDataError tells where it was looked for."""
    candidates = [_PACKAGE / "data" / name, _PACKAGE.parent / name]
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    raise MissingDataError(name, candidates)
