"""The last look before a write leaves: a worker whose turn it is not changes nothing in the configuration API (B38)."""

import httpx

from kube_sync.cluster.lease import NotLeadingError, Turn

ASKING = {"/fqname-to-id", "/id-to-fqname", "/list-bulk-collection"}


class Fence(httpx.AsyncBaseTransport):
    """
    Before another transport. It lets reads pass, and writes while the turn is ours; a NotLeadingError else, also for a request that is
    sent again, so that what a worker decided before it was paused is not done after it was replaced.
    """

    def __init__(self, wire: httpx.AsyncBaseTransport, turn: Turn) -> None:
        self._wire = wire
        self._turn = turn

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass it on, or not."""
        if request.method != "GET" and request.url.path not in ASKING and not self._turn.is_ours:
            raise NotLeadingError(f"{request.method} {request.url.path}")
        return await self._wire.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the other."""
        await self._wire.aclose()
