"""The tokens file: what it says, when it is read again, and how it is refused."""

import os
from pathlib import Path

import pytest

from api_server.access.fault import AccessUnusable
from api_server.access.tokens import digest_of, entry_of, new_token
from api_server.access.tokens_file import TokensFile
from api_server.model.caller import Bearer

ALICE = Bearer(user="alice", roles=("member", "reader"), project_id="7e2c5c0e-7a43-4bd8-8d2c-0d6b1f2f8a11", domain_id="default")
HASH = "a" * 64


def file_of(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "tokens.yaml"
    path.write_text(text)
    return path


async def test_an_entry_says_whose_a_token_is(tmp_path: Path) -> None:
    token = new_token()
    known = TokensFile(file_of(tmp_path, entry_of(token, ALICE)))

    assert await known.bearer(token) == ALICE
    assert await known.bearer(token + "x") is None
    assert await known.bearer(digest_of(token)) is None


def test_an_entry_does_not_hold_the_token() -> None:
    token = new_token()

    assert token not in entry_of(token, ALICE)
    assert len(token) >= 43


async def test_a_digest_of_digits_alone_stays_a_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("tokens", "tokens_file"):
        monkeypatch.setattr(f"api_server.access.{module}.digest_of", lambda _: "1" * 64)

    assert await TokensFile(file_of(tmp_path, entry_of("t", ALICE))).bearer("t") == ALICE


async def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    first, second = new_token(), new_token()
    path = file_of(tmp_path, entry_of(first, ALICE))
    known = TokensFile(path)

    path.write_text(entry_of(second, ALICE))

    assert await known.bearer(first) is None
    assert await known.bearer(second) == ALICE


async def test_a_file_put_in_its_place_is_read_again_even_with_the_same_time(tmp_path: Path) -> None:
    first, second = new_token(), new_token()
    path = file_of(tmp_path, entry_of(first, ALICE))
    known = TokensFile(path)
    other = tmp_path / "other.yaml"
    other.write_text(entry_of(second, ALICE))
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))

    other.replace(path)

    assert await known.bearer(second) == ALICE


@pytest.mark.parametrize("spoil", [lambda path: path.unlink(), lambda path: path.write_text("- [")], ids=["gone", "torn"])
async def test_a_file_that_became_unusable_leaves_what_was_known(tmp_path: Path, spoil: "object") -> None:
    token = new_token()
    path = file_of(tmp_path, entry_of(token, ALICE))
    known = TokensFile(path)

    assert callable(spoil)
    spoil(path)

    assert await known.bearer(token) == ALICE


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("- a\n- b", "must map the SHA-256"),
        ("a: [", "is not YAML"),
        ("hunter2: {user: alice}", "no SHA-256 of a token"),
        (f"{HASH}: {{roles: [member]}}", "names no user"),
        (f"{HASH}: alice", "names no user"),
        (f"{HASH}: {{user: alice, role: member}}", "says role, which is none of"),
        (f"{HASH}: {{user: alice, project_id: 12}}", "project_id that is no text"),
        (f"{HASH}: {{user: alice, roles: member}}", "roles that are no list"),
    ],
)
def test_a_wrong_file_is_refused_in_words(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(AccessUnusable, match=complaint) as refused:
        TokensFile(file_of(tmp_path, text))

    assert "hunter2" not in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AccessUnusable, match="No such file"):
        TokensFile(tmp_path / "tokens.yaml")
