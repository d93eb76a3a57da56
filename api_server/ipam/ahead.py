"""What was read or drawn for several objects at once, before each of them asks for it by itself."""

from typing import Any


class Ahead:
    """
    The answers a transaction has in hand: facts until it changes something, and what was taken for an owner until the owner asks for it.
    Whoever finds nothing here asks the database, so it need not be complete; a request for one object leaves it empty.
    """

    def __init__(self) -> None:
        self._facts: dict[tuple[str, str], Any] = {}
        self._taken: dict[tuple[str, str | None], Any] = {}

    def learn(self, what: str, of: str, fact: Any) -> None:
        """Know this of an object, until `forget`."""
        self._facts[what, of] = fact

    def knows(self, what: str, of: str) -> bool:
        return (what, of) in self._facts

    def fact(self, what: str, of: str) -> Any:
        """What is known of an object; None where that is nothing."""
        return self._facts.get((what, of))

    def forget(self) -> None:
        """No fact is certain any more: something is about to change. What was taken stays its owner's."""
        self._facts.clear()

    def keep(self, what: str, owner: str | None, value: Any) -> None:
        """Have this for the owner, who holds it already."""
        self._taken[what, owner] = value

    def take(self, what: str, owner: str | None) -> Any:
        """What was taken for the owner, once; None if that is nothing."""
        return self._taken.pop((what, owner), None)
