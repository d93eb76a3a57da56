"""Who a caller is and which requests the rules let through (contract 5.1 to 5.4); what an object permits is `model.caller`'s."""

from api_server.access.fault import AccessUnusable
from api_server.access.gate import Gate
from api_server.access.providers import Provider, providers_of
from api_server.access.tokens import entry_of, new_token

__all__ = ["AccessUnusable", "Gate", "Provider", "entry_of", "new_token", "providers_of"]
