"""Identities from a file: the SHA-256 of each token, and whose it is. The tokens themselves are kept nowhere."""

import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from api_server.access.fault import AccessUnusable
from api_server.access.tokens import digest_of
from api_server.model.caller import Bearer
from api_server.settings import Settings

log = logging.getLogger(__name__)

_DIGEST = re.compile("[0-9a-f]{64}")
_TEXTS = ("user", "project_id", "domain_id")


class TokensFile:
    """The file as it is: it is read again when it has changed; one that cannot be read then leaves what was known as it was."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = _stamp_of(path)
        self._bearers = _read(path)

    @classmethod
    def of(cls, settings: Settings) -> "TokensFile":
        """The one that the settings name."""
        assert settings.tokens_file is not None
        return cls(settings.tokens_file)

    async def bearer(self, token: str) -> Bearer | None:
        self._look_again()
        return self._bearers.get(digest_of(token))

    async def close(self) -> None:
        """Nothing is open."""

    def _look_again(self) -> None:
        stamp = _stamp_of(self._path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._bearers = _read(self._path)
        except AccessUnusable as why:
            log.warning("the tokens known before stay in force: %s", why)


def _stamp_of(path: Path) -> object:
    """Differs when the file does; None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _read(path: Path) -> dict[str, Bearer]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except OSError as why:
        raise _unusable(path, why.strerror or type(why).__name__) from why
    except UnicodeDecodeError:
        raise _unusable(path, "it is not UTF-8") from None
    except yaml.MarkedYAMLError as why:
        # Not its own text: that quotes the line.
        raise _unusable(path, f"line {why.problem_mark.line + 1 if why.problem_mark else 1} is not YAML") from None
    if not isinstance(document, dict):
        raise _unusable(path, "it must map the SHA-256 of each token to whose it is")
    bearers = {}
    for key, said in document.items():
        if not isinstance(key, str) or not _DIGEST.fullmatch(key):
            # Perhaps a token in plain text, so it is not repeated.
            raise _unusable(path, "a key is no SHA-256 of a token, 64 hex digits in quotes (`netweave token` writes them)")
        if problem := _problem(said):
            raise _unusable(path, f"the entry {key[:8]}… {problem}")
        bearers[key] = Bearer(**{**said, "roles": tuple(said.get("roles", ()))})
    return bearers


def _problem(said: Any) -> str:
    """What is wrong with an entry, "" for nothing."""
    if not isinstance(said, Mapping) or not said.get("user"):
        return "names no user"
    if unknown := said.keys() - {*_TEXTS, "roles"}:
        return f"says {min(map(str, unknown))}, which is none of user, roles, project_id and domain_id"
    if wrong := [name for name in _TEXTS if not isinstance(said.get(name, ""), str)]:
        return f"has a {wrong[0]} that is no text in quotes"
    roles = said.get("roles", [])
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        return "has roles that are no list of names"
    return ""


def _unusable(path: Path, why: str) -> AccessUnusable:
    return AccessUnusable(f"NETWEAVE_TOKENS_FILE {path} cannot be used: {why}")
