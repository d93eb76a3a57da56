"""The gate that every request passes: whose token it brings, and whether that caller may ask this (contract 5.1 to 5.3)."""

from collections.abc import Sequence

from api_server.access.providers import Provider, providers_of
from api_server.errors import PermissionDenied, Unauthenticated
from api_server.model.caller import EVERYBODY, Bearer, Caller, plain
from api_server.settings import CLOUD_ADMIN, NO_AUTH, RBAC, Settings

# The administrator of the mode cloud-admin, whatever the setting says (contract 5.1).
ADMIN = "admin"
# Longer than any real token; not asked for.
LONGEST_TOKEN = 16_384


class Gate:
    """One for each process."""

    def __init__(self, settings: Settings, providers: Sequence[Provider]) -> None:
        self.mode = settings.aaa_mode
        self._admin_role = ADMIN if self.mode == CLOUD_ADMIN else settings.cloud_admin_role.lower()
        self._read_only_role = settings.global_read_only_role.lower()
        self._providers = providers

    @classmethod
    def of(cls, settings: Settings) -> "Gate":
        """The gate that the settings describe; AccessUnusable when they do not fit together."""
        return cls(settings, providers_of(settings))

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
            domain=plain(bearer.domain_id),
            admin=self._admin_role in roles,
            reads_all=self.mode == RBAC and bool(self._read_only_role) and self._read_only_role in roles,
        )

    async def admit(self, caller: Caller) -> None:
        """PermissionDenied unless this caller may ask anything at all."""
        if not caller.admin:
            raise PermissionDenied("403 Permission Denied")

    async def _bearer(self, token: str) -> Bearer:
        if not token:
            raise Unauthenticated("the request has no X-Auth-Token")
        if len(token) <= LONGEST_TOKEN and token.isascii() and token.isprintable():
            for provider in self._providers:
                if (bearer := await provider.bearer(token)) is not None:
                    return bearer
        raise Unauthenticated("the X-Auth-Token is not valid")
