"""contrail-api-cli 0.3.0 from PyPI against the server, as commands a person types; only what Python 3.11 demands is mended in its copy.

Contract 10.2: it reads the home page for kinds and paths, sends whole documents back, and shows the text of an error.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from httpx import URL

from api_server.model.catalog import load
from tests.contract.world import Document, World

ROOT = Path(__file__).parents[2]
TOOL = ROOT / ".venv-cli" / "bin" / "contrail-api-cli"
# What `edit` starts in place of an editor: a program that is given the file.
EDITOR = """#!{python}
import json, pathlib, sys
path = pathlib.Path(sys.argv[1])
document = json.loads(path.read_text())
{change}
path.write_text(json.dumps(document))
"""

# The tool derives its paths from private classes of pathlib, which Python 3.12 no longer has: to run there it would have to be written
# anew, and would be another client. The wire does not depend on our Python, so one version proves it; `make test` in CI runs 3.11.
pytestmark = pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="the copy is mended for Python 3.11, which is the last with its pathlib"
)


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.out.splitlines()]


Command = Callable[..., Said]


@pytest.fixture
def cli(api_url: str, tmp_path: Path) -> Command:
    """A command of the tool, with a home directory of its own; `editor` is Python that changes `document`."""
    if not TOOL.exists():
        pytest.fail("contrail-api-cli is not installed: `make .venv-cli/.installed` builds its venv (`make test` does it too)")
    url = URL(api_url)

    def run(*words: str, editor: str = "", schema: str = "") -> Said:
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8", "NO_PROXY": "*"}
        if editor:
            script = tmp_path / f"editor-{uuid4().hex}"
            script.write_text(EDITOR.format(python=sys.executable, change=editor))
            script.chmod(0o700)
            environment["EDITOR"] = str(script)
        options = ["--host", str(url.host), "--port", str(url.port), *(["--schema-version", schema] if schema else [])]
        done = subprocess.run(
            [TOOL, *options, *words], capture_output=True, text=True, timeout=60, check=False, env=environment, cwd=tmp_path
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Said(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
async def network(world: World) -> Document:
    return await world.network("blue", "10.1.1.0/24")


@pytest.fixture
async def port(world: World, network: Document) -> Document:
    return await world.interface(network, "port")


def path_of(kind: str, one: Document) -> str:
    return f"{kind}/{one['uuid']}"


def named(kind: str, one: Document) -> str:
    return f"{kind}/{':'.join(one['fq_name'])}"


def test_ls_shows_every_kind_that_the_home_page_links(cli: Command) -> None:
    kinds = {kind.name for kind in load()}

    assert set(cli("ls").lines) == kinds


def test_ls_of_a_kind_shows_paths_and_names(cli: Command, network: Document) -> None:
    said = cli("ls", "-l", "virtual-network")

    assert [path_of("virtual-network", network), ":".join(network["fq_name"])] in [line.split() for line in said.lines]


def test_ls_shows_the_columns_that_are_asked_for(cli: Command, world: World, network: Document) -> None:
    said = cli("ls", "-l", "-c", "display_name", "-c", "is_shared", "-P", world.project_id, "virtual-network")

    assert [line.split() for line in said.lines] == [[path_of("virtual-network", network), "blue", "False"]]


async def test_ls_filters(cli: Command, world: World, network: Document) -> None:
    await world.network("red", router_external=True)

    said = cli("ls", "-l", "-c", "display_name", "-f", "router_external=True", "-P", world.project_id, "virtual-network")

    assert [line.split()[1] for line in said.lines] == ["red"]


def test_ls_follows_wildcards(cli: Command, network: Document) -> None:
    assert cli("ls", f"virtual-network/{network['fq_name'][0]}:*").lines == [path_of("virtual-network", network)]


async def test_du_counts(cli: Command, world: World, network: Document) -> None:
    count = (await world.api.get("/virtual-networks", params={"count": "true"})).json()["virtual-networks"]["count"]

    assert cli("du", "virtual-network").lines == [str(count)]


def test_cat_prints_the_document_of_a_path_or_a_name(cli: Command, network: Document) -> None:
    by_uuid, by_name = (
        json.loads(cli("cat", path).out) for path in (path_of("virtual-network", network), named("virtual-network", network))
    )

    assert by_uuid == by_name
    assert by_uuid["network_ipam_refs"][0]["attr"] == network["network_ipam_refs"][0]["attr"]


def test_cat_of_what_is_not_there_says_so(cli: Command) -> None:
    said = cli("cat", "virtual-network/default-domain:default-project:nowhere")

    assert said.status == 1
    assert said.err.strip() == "Resource virtual-network/default-domain:default-project:nowhere not found"


def test_tree_goes_along_refs_back_refs_and_parents(cli: Command, world: World, network: Document, port: Document) -> None:
    def paths(*words: str) -> list[str]:
        return [word for line in cli("tree", *words).lines for word in line.split() if "/" in word]

    here = path_of("virtual-machine-interface", port)

    assert path_of("virtual-network", network) in paths(here)
    assert here in paths("-r", path_of("virtual-network", network))
    assert paths("-p", here) == [here, f"project/{world.project_id}", f"domain/{world.ids['domain']}"]


def test_relative_finds_what_is_linked(cli: Command, network: Document, port: Document) -> None:
    said = cli("relative", path_of("virtual-machine-interface", port), "virtual-network/routing-instance")

    assert said.lines == [f"routing-instance/{network['routing_instances'][0]['uuid']}"]


async def test_edit_sends_the_whole_document_back_with_one_change(cli: Command, world: World, network: Document) -> None:
    said = cli("edit", path_of("virtual-network", network), editor="document['display_name'] = 'azure'")

    assert (said.status, said.err) == (0, "")
    edited = await world.read("virtual-network", network["uuid"])
    changing = {"display_name", "id_perms"}
    assert edited["display_name"] == "azure"
    assert {key: value for key, value in edited.items() if key not in changing} == {
        key: value for key, value in network.items() if key not in changing
    }


async def test_edit_with_a_template_makes_another(cli: Command, world: World, network: Document) -> None:
    change = "document['fq_name'][-1] = document['display_name'] = 'copy'; document.pop('virtual_network_network_id')"
    change += "; document['network_ipam_refs'][0]['attr']['ipam_subnets'][0].pop('subnet_uuid')"

    said = cli("edit", "-t", path_of("virtual-network", network), editor=change)

    assert (said.status, said.err) == (0, "")
    assert {each["fq_name"][-1] for each in await world.listed("virtual-network", parent_id=world.project_id)} == {"blue", "copy"}


def test_edit_shows_why_a_change_is_refused(cli: Command, network: Document) -> None:
    said = cli("edit", path_of("virtual-network", network), editor="document['mtu'] = 99999")

    assert said.status == 1
    assert said.err.startswith("Bad property in http_put: mtu: ")
    assert said.err.strip().endswith("(HTTP 400)")


async def test_ln_adds_and_removes_a_ref(cli: Command, world: World, port: Document) -> None:
    group = await world.create("security-group", "group")
    words = ["ln", path_of("virtual-machine-interface", port), path_of("security-group", group)]

    cli(*words, schema="5.0")
    linked = await world.read("virtual-machine-interface", port["uuid"])
    cli(*words[:1], "-r", *words[1:], schema="5.0")

    assert [ref["uuid"] for ref in linked["security_group_refs"]] == [group["uuid"]]
    assert "security_group_refs" not in await world.read("virtual-machine-interface", port["uuid"])


def test_rm_shows_what_holds_an_object_back(cli: Command, network: Document, port: Document) -> None:
    said = cli("rm", "-f", path_of("virtual-network", network))

    assert said.status == 1
    assert said.err.startswith("Delete when resource still referred: ['http://")
    assert f"/virtual-machine-interface/{port['uuid']}'] (HTTP 409)" in said.err


async def test_rm_deletes_an_object_with_what_refers_to_it(cli: Command, world: World, network: Document, port: Document) -> None:
    await world.address(network, virtual_machine_interface_refs=[{"uuid": port["uuid"]}])

    said = cli("rm", "-r", "-f", path_of("virtual-network", network))

    assert (said.status, said.err) == (0, "")
    assert (await world.api.get(f"/virtual-network/{network['uuid']}")).status_code == 404
    assert (await world.api.get(f"/virtual-machine-interface/{port['uuid']}")).status_code == 404


@pytest.fixture
def key(api_url: str) -> Iterator[str]:
    """A key that only this test has."""
    name = f"cli-{uuid4().hex}"
    yield name
    httpx.post(f"{api_url}/useragent-kv", json={"operation": "DELETE", "key": name}, trust_env=False)


def test_kv_keeps_finds_and_forgets(cli: Command, key: str) -> None:
    cli("kv", "--add", key, "blue")
    found, everything = json.loads(cli("kv", "--get", key).out), json.loads(cli("kv", "--list-all").out)
    cli("kv", "--delete", key)
    gone = cli("kv", "--get", key)

    assert found == [{"key": key, "value": "blue"}]
    assert found[0] in everything
    assert (gone.status, gone.err.strip()) == (1, f"Unknown User-Agent key {key} (HTTP 404)")


def test_a_batch_of_commands_runs_in_one_go(cli: Command, tmp_path: Path, network: Document) -> None:
    batch = tmp_path / "batch"
    batch.write_text(f"# two commands\ncat {named('virtual-network', network)}\nls global-system-config\n")

    said = cli("batch", str(batch))

    assert network["uuid"] in said.out
    assert "global-system-config/" in said.lines[-1]
