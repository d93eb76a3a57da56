"""The one check at the route: who asks, and whether the rules let them (contract 1.4.1 row 1, 5.1 to 5.4)."""

from starlette.requests import Request

from api_server.http.requests import CALLER, server_of
from api_server.model.caller import EVERYBODY


async def admit(request: Request) -> None:
    """Tell the request who its caller is; Unauthenticated or PermissionDenied when it may not go on."""
    gate = server_of(request).gate
    if gate.is_open:
        request.scope[CALLER] = EVERYBODY
        return
    caller = await gate.caller(request.headers.get("x-auth-token", ""))
    await gate.admit(caller)
    request.scope[CALLER] = caller
