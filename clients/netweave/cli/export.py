"""`netweave export`: what a server holds, as files that `apply` reads."""

from typing import Annotated

import typer

from netweave import Client
from netweave._kinds import fq_name_of
from netweave.cli.bundling import Found, documents, of_project
from netweave.cli.compare import progress_bar
from netweave.cli.exits import Usage
from netweave.cli.kinds import kind_of, offered
from netweave.cli.options import LOCAL, ApiUrl, Format, connect
from netweave.cli.output import write_value

PAGE = 500

Kinds = Annotated[list[str] | None, typer.Argument(metavar="[KIND]...", help="Only these kinds; else all.", autocompletion=offered)]
InProject = Annotated[str | None, typer.Option("--project", help="Only what is in this project, or linked with it and in none.")]
Written = Annotated[Format, typer.Option("--output", "-o", help="yaml or json.")]


def export(kind: Kinds = None, project: InProject = None, output: Written = Format.YAML, api_url: ApiUrl = LOCAL) -> None:
    """Write objects as documents {KIND: {...}}, in an order that is always the same. What the server makes by itself is left out."""
    if output not in {Format.YAML, Format.JSON}:
        raise Usage(f"--output {output.value}: a bundle is yaml or json")
    wanted = [kind_of(word) for word in kind or []]
    with connect(api_url) as client, progress_bar(quiet=False) as progress:
        # To tell what is linked with a project all kinds are needed.
        kinds = wanted if wanted and not project else _kinds(client)
        found = [
            Found(each, row) for each in progress.track(kinds, description="reading") for row in client.list(each, page=PAGE, detail=True)
        ]
        if project:
            client.find("project", project)
            found = of_project(found, fq_name_of(project))
        found = [one for one in found if not wanted or one.kind in wanted]
        owners = _owners(client, found)
    write_value(documents(found, owners), output)


def _kinds(client: Client) -> list[str]:
    links = (entry["link"] for entry in client.home()["links"])
    return sorted(link["name"] for link in links if link["rel"] == "collection" and link["name"] != "config-root")


def _owners(client: Client, found: list[Found]) -> dict[str, str]:
    """Whose each object is, and each parent that is not among them."""
    owners = {one.document["uuid"]: one.document["perms2"]["owner"] for one in found}
    missing: dict[str, set[str]] = {}
    for one in found:
        if (parent := one.document.get("parent_uuid")) and parent not in owners:
            missing.setdefault(one.document["parent_type"], set()).add(parent)
    for kind, uuids in missing.items():
        owners |= {row["uuid"]: row["perms2"]["owner"] for row in client.list(kind, obj_uuids=sorted(uuids), detail=True)}
    return owners
