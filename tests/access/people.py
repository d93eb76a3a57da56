"""People with tokens: a tokens file that grows, and clients that speak as somebody."""

from pathlib import Path

import httpx

from api_server.access.tokens import entry_of, new_token
from api_server.model.caller import Bearer


class People:
    """A tokens file, and clients of one server for those who are in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = ""
        path.write_text("")

    def token(self, user: str, *roles: str, project: str = "", domain: str = "") -> str:
        """A new token, in force at once."""
        token = new_token()
        with self.path.open("a") as file:
            file.write(entry_of(token, Bearer(user=user, roles=roles, project_id=project, domain_id=domain)) + "\n")
        return token

    def client(self, token: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, headers={"X-Auth-Token": token}, timeout=30, trust_env=False)

    def somebody(self, user: str, *roles: str, project: str = "", domain: str = "") -> httpx.AsyncClient:
        return self.client(self.token(user, *roles, project=project, domain=domain))
