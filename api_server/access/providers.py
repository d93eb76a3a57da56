"""Identity providers: each tells who a token belongs to (contract 5.2)."""

from collections.abc import Sequence
from pkgutil import resolve_name
from typing import Protocol

from api_server.access.fault import AccessUnusable
from api_server.model.caller import Bearer
from api_server.settings import NO_AUTH, Settings

# The setting that asks for each, and what makes it of all settings. By name, so that only those that are asked for are loaded: the HTTP
# client of Keystone's would cost every server 0.1 s of its start and some megabytes.
MAKERS = {
    "tokens_file": "api_server.access.tokens_file:TokensFile.of",
    "keystone_url": "api_server.access.keystone:Keystone.of",
}


class Provider(Protocol):
    """One source of identities."""

    async def bearer(self, token: str) -> Bearer | None:
        """Who the token belongs to, None when this provider does not know it; Unavailable when it cannot be asked."""

    async def close(self) -> None: ...


def providers_of(settings: Settings) -> Sequence[Provider]:
    """The providers that the settings name, in the order in which they are asked; AccessUnusable when access control has none."""
    if settings.aaa_mode == NO_AUTH:
        return []
    found: list[Provider] = [resolve_name(maker)(settings) for setting, maker in MAKERS.items() if getattr(settings, setting)]
    if not found:
        raise AccessUnusable(
            f"NETWEAVE_AAA_MODE={settings.aaa_mode} needs somebody to ask whose a token is: "
            "set NETWEAVE_TOKENS_FILE or NETWEAVE_KEYSTONE_URL, or both"
        )
    return found
