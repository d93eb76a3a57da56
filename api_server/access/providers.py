"""Identity providers: each tells who a token belongs to (contract 5.2)."""

from collections.abc import Sequence
from typing import Protocol

from api_server.access.fault import AccessUnusable
from api_server.access.keystone import Keystone, Service
from api_server.access.tokens import TokensFile
from api_server.model.caller import Bearer
from api_server.settings import NO_AUTH, Settings


class Provider(Protocol):
    """One source of identities."""

    async def bearer(self, token: str) -> Bearer | None:
        """Who the token belongs to, None when this provider does not know it; Unavailable when it cannot be asked."""

    async def close(self) -> None: ...


def providers_of(settings: Settings) -> Sequence[Provider]:
    """The providers that the settings name, in the order in which they are asked; AccessUnusable when access control has none."""
    if settings.aaa_mode == NO_AUTH:
        return []
    found: list[Provider] = []
    if settings.tokens_file is not None:
        found.append(TokensFile(settings.tokens_file))
    if settings.keystone_url:
        found.append(Keystone(Service.of(settings), keep=settings.keystone_cache_seconds))
    if not found:
        raise AccessUnusable(
            f"NETWEAVE_AAA_MODE={settings.aaa_mode} needs somebody to ask whose a token is: "
            "set NETWEAVE_TOKENS_FILE or NETWEAVE_KEYSTONE_URL, or both"
        )
    return found
