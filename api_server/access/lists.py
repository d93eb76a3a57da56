"""The rules that hold for a caller, kept in memory while the lists in the database stay as they are (contract 5.4)."""

import asyncio
import time
from collections.abc import Sequence

from api_server.access.rules import Rules
from api_server.model.caller import DEFAULT_DOMAIN, Caller, plain
from api_server.model.resource import digest
from api_server.store import access_lists, resources
from api_server.store.access_lists import AccessList
from api_server.store.database import Database

# How old a copy may be that lets a request through, in seconds. A refusal is never said by a copy: the lists are looked at first.
FRESH = 1.0
GLOBAL = "global-system-config"


class AccessLists:
    """
    A copy of all lists. At most one look a second asks whether they have changed, however many requests there are, so a rule given
    holds at once on every server, and one taken away at once on the server that wrote it and within FRESH on the others.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._looked = float("-inf")
        self._revision = ""
        self._lists: Sequence[AccessList] = ()
        self._rules: dict[tuple[str, str], Rules] = {}
        self._turn = asyncio.Lock()
        self._default_domain = ""

    async def rules(self, caller: Caller, *, now: bool = False) -> Rules:
        """Those of the whole system, of the caller's domain and of its project; `now` as they are at this moment."""
        await self._look(since=time.monotonic() - (0 if now else FRESH))
        key = (caller.domain, caller.project)
        if key not in self._rules:
            self._rules[key] = Rules(rule for each in self._lists if _concerns(each, caller) for rule in each.rules)
        return self._rules[key]

    def forget(self) -> None:
        """This server has just written one."""
        self._looked = float("-inf")

    async def default_domain(self) -> str:
        """The id of default-domain, which lasts as long as the database."""
        if not self._default_domain:
            async with self._database.short() as connection:
                row = await connection.fetchrow(resources.BY_NAME, kind="domain", name_digest=digest(DEFAULT_DOMAIN))
            self._default_domain = plain(row["uuid"]) if row else ""
        return self._default_domain

    async def _look(self, *, since: float) -> None:
        """See to it that the copy is of a moment after `since`."""
        if self._looked >= since:
            return
        async with self._turn:
            if self._looked >= since:
                return
            began = time.monotonic()
            # On the reserve: whoever asks may hold a connection already.
            async with self._database.short() as connection:
                # The revision first: lists that change in between are then read again next time.
                revision = await access_lists.revision(connection)
                if revision != self._revision:
                    self._lists = await access_lists.everything(connection)
                    self._rules = {}
                    self._revision = revision
            self._looked = began


def _concerns(each: AccessList, caller: Caller) -> bool:
    return each.parent_kind == GLOBAL or plain(each.parent) in (caller.domain, caller.project)
