"""The gate that every request passes: whose token it brings, and whether that caller may ask this (contract 5.1 to 5.3)."""

from collections.abc import Iterable, Sequence

from api_server.access.lists import AccessLists
from api_server.access.providers import Provider
from api_server.access.rules import ADMINISTRATORS, LETTERS, READING
from api_server.errors import PermissionDenied, Unauthenticated
from api_server.model.caller import DEFAULT_DOMAIN, DENIED, EVERYBODY, Bearer, Caller, plain
from api_server.settings import CLOUD_ADMIN, NO_AUTH, RBAC, Settings
from api_server.store.database import Database

# The administrator of the mode cloud-admin, whatever the setting says (contract 5.1).
ADMIN = "admin"
# Longer than any real token; not asked for.
LONGEST_TOKEN = 16_384


class Gate:
    """One for each process."""

    def __init__(self, settings: Settings, providers: Sequence[Provider], database: Database) -> None:
        self.mode = settings.aaa_mode
        self._admin_role = ADMIN if self.mode == CLOUD_ADMIN else settings.cloud_admin_role.lower()
        self._read_only_role = settings.global_read_only_role.lower()
        self._providers = providers
        self._lists = AccessLists(database)

    async def close(self) -> None:
        for provider in self._providers:
            await provider.close()

    @property
    def is_open(self) -> bool:
        """Whether no token is looked at."""
        return self.mode == NO_AUTH

    async def caller(self, token: str) -> Caller:
        """Whose token it is; Unauthenticated when it is nobody's."""
        if self.is_open:
            return EVERYBODY
        bearer = await self._bearer(token)
        roles = frozenset(role.lower() for role in bearer.roles)
        if self.mode == RBAC and not roles:
            raise Unauthenticated("the token has no roles")
        return Caller(
            user=bearer.user,
            roles=roles,
            project=plain(bearer.project_id),
            domain=await self._domain(bearer.domain_id),
            admin=self._admin_role in roles,
            reads_all=self.mode == RBAC and bool(self._read_only_role) and self._read_only_role in roles,
        )

    async def admit(self, caller: Caller, method: str, thing: str, fields: Iterable[str] = ()) -> None:
        """PermissionDenied unless the caller may ask this of `thing`: a kind, or the name of an action (contract 5.3, 5.4)."""
        if not await self._admits(caller, method, thing, fields):
            raise PermissionDenied(DENIED if self.mode != RBAC else _refusal(caller, method, thing), kind=thing)

    async def readable(self, caller: Caller, kinds: Iterable[str]) -> list[str]:
        """Those of the kinds that the rules let the caller read; the lists are looked at once."""
        if caller.admin or caller.reads_all:
            return list(kinds)
        rules = await self._lists.rules(caller, now=True)
        return [kind for kind in kinds if rules.allow(caller.roles, "R", kind)]

    async def _admits(self, caller: Caller, method: str, thing: str, fields: Iterable[str]) -> bool:
        if caller.admin or self.mode != RBAC:
            return caller.admin
        letter = LETTERS[method]
        if caller.reads_all:
            return letter == "R" or thing in READING
        if thing in ADMINISTRATORS:
            return False
        fields = tuple(fields)
        rules = await self._lists.rules(caller)
        if rules.allow(caller.roles, letter, thing, fields):
            return True
        current = await self._lists.rules(caller, now=True)
        return current is not rules and current.allow(caller.roles, letter, thing, fields)

    def rules_changed(self) -> None:
        """An access list was written by this process."""
        self._lists.forget()

    async def _domain(self, identity: str) -> str:
        """The domain's id; the one that Keystone calls `default` is ours of the name default-domain (contract 5.2)."""
        if self.mode == RBAC and identity in ("default", *DEFAULT_DOMAIN):
            return await self._lists.default_domain()
        return plain(identity)

    async def _bearer(self, token: str) -> Bearer:
        if not token:
            raise Unauthenticated("the request has no X-Auth-Token")
        if len(token) <= LONGEST_TOKEN and token.isascii() and token.isprintable():
            for provider in self._providers:
                if (bearer := await provider.bearer(token)) is not None:
                    return bearer
        raise Unauthenticated("the X-Auth-Token is not valid")


def _refusal(caller: Caller, method: str, thing: str) -> str:
    if thing in ADMINISTRATORS:
        return f"{DENIED}: {thing} is for administrators"
    return f"{DENIED}: no access rule gives {LETTERS[method]} on {thing} to the roles {sorted(caller.roles)}"
