"""The published vnc_api client as callers of an rbac server; runs in .venv-vnc and prints what it saw as one JSON object.

    python vnc_callers.py HOST PORT KEYSTONE_PORT TENANT DOMAIN STRANGER_TOKEN STRANGER_PROJECT

The user `alice` logs in at the Keystone and is a member of the project TENANT; the stranger brings a token of its own.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

from vnc_api import exceptions, vnc_api


def refusal(call: Callable[..., Any], *given: Any, **named: Any) -> str:
    """The name of the exception that the call ends in, "" for none."""
    try:
        call(*given, **named)
    except exceptions.VncError as error:
        return type(error).__name__
    return ""


def seen(host: str, port: str, keystone: str, tenant: str, domain: str, token: str, stranger_project: str) -> dict[str, Any]:
    server = {"api_server_host": host, "api_server_port": port}
    login = {"auth_type": "keystone", "auth_host": "127.0.0.1", "auth_port": keystone, "auth_url": "/v3/auth/tokens"}
    who = {"username": "alice", "password": "secret-of-alice", "tenant_name": tenant, "domain_name": "Default"}
    alice = vnc_api.VncApi(**server, **login, **who)
    stranger = vnc_api.VncApi(**server, auth_type="noauth", auth_token=token)
    nobody = vnc_api.VncApi(**server, auth_type="noauth", auth_token="made-up")

    project = alice.project_read(fq_name=[domain, tenant])
    network = vnc_api.VirtualNetwork("net", project)
    uuid = alice.virtual_network_create(network)
    before = refusal(stranger.virtual_network_read, id=uuid)
    hidden = uuid in [each["uuid"] for each in stranger.virtual_networks_list()["virtual-networks"]]
    alice.chmod(uuid, share=[(stranger_project, 5)])
    changed = stranger.virtual_network_read(id=uuid)
    changed.set_display_name("mine")
    return {
        "who am I": [alice.is_cloud_admin_role(), alice.is_global_read_only_role()],
        "owner": alice.virtual_network_read(id=uuid).get_perms2().get_owner(),
        "stranger reads before": before,
        "stranger lists before": hidden,
        "stranger reads": changed.get_fq_name() == network.get_fq_name(),
        "stranger lists": uuid in [each["uuid"] for each in stranger.virtual_networks_list(shared=True)["virtual-networks"]],
        "stranger updates": refusal(stranger.virtual_network_update, changed),
        "stranger deletes": refusal(stranger.virtual_network_delete, id=uuid),
        "stranger may": stranger.obj_perms(token, uuid)["permissions"],
        "alice may": alice.obj_perms(alice.get_auth_token(), uuid)["permissions"],
        "nobody reads": refusal(nobody.virtual_network_read, id=uuid),
        "alice gives it away": [alice.chown(uuid, stranger_project) is not None, refusal(alice.virtual_network_read, id=uuid)],
        "stranger deletes its own": refusal(stranger.virtual_network_delete, id=uuid),
    }


if __name__ == "__main__":
    print(json.dumps(seen(*sys.argv[1:])))
