"""The wire to the configuration API, with a watch in hand."""

from uuid import UUID

import httpx

from kube_sync.clock import Clock
from kube_sync.instruments import Instruments

UNREACHED = "unreached"


class MeasuredTransport(httpx.AsyncBaseTransport):
    """Sends requests on, times each, and remembers whether the last one was served."""

    def __init__(self, wire: httpx.AsyncBaseTransport, instruments: Instruments, clock: Clock) -> None:
        self._wire = wire
        self._calls = instruments.calls
        self._clock = clock
        self.asked_at: float | None = None
        self.reached = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """As the wire does; what does not answer is a status too."""
        began, status = self._clock.now(), UNREACHED
        try:
            response = await self._wire.handle_async_request(request)
            status = str(response.status_code)
            return response
        finally:
            self.reached = status.isdecimal() and int(status) < 500
            self.asked_at = self._clock.now()
            self._calls.labels(request.method, type_of(request.url.path), status).observe(self._clock.now() - began)

    async def aclose(self) -> None:
        """Close the wire."""
        await self._wire.aclose()


def type_of(path: str) -> str:
    """The kind or the call that a path names, and never whose object it is: labels must stay few."""
    words = path.strip("/").split("/")
    if "v2" in words[:-1]:
        return words[words.index("v2") + 1]
    return words[-2] if len(words) > 1 and _is_uuid(words[-1]) else words[-1].removesuffix("s") or "home"


def _is_uuid(word: str) -> bool:
    try:
        return str(UUID(word)) == word
    except ValueError:
        return False
