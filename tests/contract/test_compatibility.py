"""docs/compatibility.md is true: what it says of us is held by tests that there are, and it leaves out no number."""

import re
from pathlib import Path

from tests.conversations.files import cases, files

ROOT = Path(__file__).parents[2]
TABLES, BEHAVIOURS = (ROOT / "docs" / "compatibility.md").read_text().split("## The forty behaviours")
FUNCTION = re.compile(r"^(?:async )?def (test_\w+)", re.MULTILINE)


def cells(table: str) -> list[list[str]]:
    """The rows of tables, without their heads."""
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines() if line.startswith("|")]
    return [row for row in rows if row[0] != "#" and not row[0].startswith("---")]


def functions_of(path: Path) -> set[str]:
    return set(FUNCTION.findall(path.read_text()))


def is_there(proof: str, conversations: set[str]) -> bool:
    """Whether the proof is a conversation, with its examples or without, or a test function."""
    if "::" not in proof:
        return proof in conversations
    path, function = proof.split("::")
    return (ROOT / path).is_file() and function in functions_of(ROOT / path)


def test_each_difference_is_held_by_tests_that_there_are() -> None:
    conversations = {re.sub(r" \[.*\]$", "", case.id) for case in cases(files())}

    for row in cells(TABLES):
        proofs = re.findall(r"`([^`]+)`", row[-1])
        assert len(row) == 6
        assert all(row[1:5])
        assert proofs, row
        assert [proof for proof in proofs if not is_there(proof, conversations)] == []


def test_every_number_of_the_contracts_own_list_of_differences_is_there() -> None:
    numbers = [int(number) for row in cells(TABLES) for number in re.findall(r"\d+", row[0])]

    assert sorted(numbers) == list(range(1, 30))


def test_every_behaviour_has_a_test_and_every_test_of_one_is_told() -> None:
    told = {int(number): set(re.findall(r"`(test_\w+)`", names)) for number, _, names in cells(BEHAVIOURS)}
    there: dict[int, set[str]] = {number: set() for number in range(1, 41)}
    for path in Path(__file__).parent.glob("test_behaviours_*.py"):
        for name in functions_of(path):
            if found := re.match(r"test_behaviour_(\d\d)_", name):
                there[int(found[1])].add(name)

    assert all(there.values())
    assert told == there
