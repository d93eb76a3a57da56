"""What need not be asked: read or drawn for several objects at once before each asks for it by itself, or remembered from before."""

from typing import Any

from api_server.memory import Recall


class Ahead:
    """
    The answers a transaction has in hand: facts until it changes something, and what was taken for an owner until the owner asks for it.
    Whoever finds nothing here asks the database, so it need not be complete. What is created may also use what `recall` finds.
    """

    def __init__(self, recall: Recall | None = None) -> None:
        self.recall = recall or Recall()
        self._facts: dict[tuple[str, str], Any] = {}
        self._taken: dict[tuple[str, str | None], Any] = {}

    def learn(self, what: str, of: str, fact: Any) -> None:
        """Know this of an object, until `forget`."""
        self._facts[what, of] = fact

    def knows(self, what: str, of: str) -> bool:
        if (what, of) not in self._facts and (found := self.recall.fact(what, of)):
            self._facts[what, of] = found.value
        return (what, of) in self._facts

    def fact(self, what: str, of: str) -> Any:
        """What is known of an object; None where that is nothing."""
        return self._facts[what, of] if self.knows(what, of) else None

    def forget(self) -> None:
        """No fact is certain any more: something is about to change. What was taken stays its owner's."""
        self._facts.clear()

    def keep(self, what: str, owner: str | None, value: Any) -> None:
        """Have this for the owner, who holds it already."""
        self._taken[what, owner] = value

    def take(self, what: str, owner: str | None) -> Any:
        """What was taken for the owner, once; None if that is nothing."""
        return self._taken.pop((what, owner), None)
