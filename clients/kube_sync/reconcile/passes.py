"""Looking at many keys at once: each is settled once, and what befalls one harms no other (B18)."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Generic, Protocol, TypeVar

import structlog

from kube_sync.model.objects import Key

# The object that is being looked at, for whoever wants to say on whose behalf a call is made; of a request of many writes, each entry's.
LOOKING: ContextVar[Key | None] = ContextVar("LOOKING", default=None)
AUTHORS: ContextVar[Sequence[Key]] = ContextVar("AUTHORS", default=())

# Hears what became of a key: None when it is in step, else why it is not.
Settle = Callable[[Key, Exception | None], Awaitable[None]]
# Looks at keys of one kind and settles each; what it raises is of all that it has not settled.
Looker = Callable[[list[Key], Settle], Awaitable[None]]


@contextmanager
def on_behalf_of(key: Key) -> Iterator[None]:
    """What is logged and called meanwhile is about this object."""
    token = LOOKING.set(key)
    try:
        with structlog.contextvars.bound_contextvars(key=str(key)):
            yield
    finally:
        LOOKING.reset(token)


class Keyed(Protocol):
    @property
    def key(self) -> Key: ...


L = TypeVar("L", bound=Keyed)


class Pass(Generic[L]):
    """What is known of each key that is still open."""

    def __init__(self, looks: Iterable[L], settle: Settle) -> None:
        self._open = {look.key: look for look in looks}
        self._settle = settle

    @property
    def open(self) -> list[L]:
        """Those that are not settled yet."""
        return list(self._open.values())

    async def settle(self, look: L, outcome: Exception | None = None) -> None:
        """The key has its outcome, and is out of the pass."""
        if self._open.pop(look.key, None) is not None:
            await self._settle(look.key, outcome)

    async def each(self, step: Callable[[L], Awaitable[None] | None], looks: Iterable[L] | None = None) -> None:
        """Take the step with each that is open; one that fails is settled with that."""
        for look in self.open if looks is None else looks:
            with on_behalf_of(look.key):
                try:
                    if waiting := step(look):
                        await waiting
                except Exception as why:  # noqa: BLE001 - whatever it is, it is this key's
                    await self.settle(look, why)


def one_by_one(reconcile: Callable[[Key], Awaitable[None]]) -> Looker:
    """A looker for keys that have nothing in common."""

    async def look(keys: list[Key], settle: Settle) -> None:
        for key in keys:
            try:
                with on_behalf_of(key):
                    await reconcile(key)
            except Exception as why:  # noqa: BLE001 - whatever it is, it is this key's
                await settle(key, why)
            else:
                await settle(key, None)

    return look
