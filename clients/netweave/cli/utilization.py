"""`netweave utilization`: how full subnets, networks and projects are."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from netweave.cli.kinds import uuid_of
from netweave.cli.options import LOCAL, ApiUrl, Format, Output, connect
from netweave.cli.output import chosen, write_csv, write_lines, write_table, write_value


class By(StrEnum):
    """What a row is about."""

    SUBNET = "subnet"
    NETWORK = "network"
    PROJECT = "project"


Network = Annotated[str | None, typer.Option("--network", help="Only this network: its fq_name joined by colons, or its uuid.")]
Project = Annotated[str | None, typer.Option("--project", help="Only this project: its fq_name joined by colons, or its uuid.")]
Subnet = Annotated[str | None, typer.Option("--subnet", help="Only the subnet with this uuid.")]
Group = Annotated[By, typer.Option("--by", help="What each row is about.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="How many rows at most; 1000 if it is not said.")]
FIGURES = ("used", "reserved", "free", "total")


def utilization(
    network: Network = None,
    project: Project = None,
    subnet: Subnet = None,
    by: Group = By.SUBNET,
    limit: Limit = None,
    output: Output = None,
    api_url: ApiUrl = LOCAL,
) -> None:
    """Show how many addresses are used, reserved and free."""
    form = chosen(output)
    with connect(api_url) as client:
        found = client.utilization(
            by.value,
            network=network and uuid_of(client, "virtual-network", network),
            project=project and uuid_of(client, "project", project),
            subnet=subnet,
            limit=limit,
        )
    rows: list[dict[str, Any]] = found["rows"]
    if form in {Format.JSON, Format.YAML}:
        write_value(found, form)
    elif form is Format.NAME:
        write_lines(_name(row) for row in rows)
    else:
        headings = [by.upper(), *(["CIDR"] if by is By.SUBNET else ["FAMILY"]), *(figure.upper() for figure in FIGURES), "FULL"]
        cells = [line for row in rows for line in _lines(row, by)]
        write_csv(headings, cells) if form is Format.CSV else write_table(headings, cells)
    if found["more"]:
        typer.echo("there are more: --limit shows them", err=True)


def _lines(row: dict[str, Any], by: By) -> list[list[str]]:
    """One line a subnet; of a network or project one a family."""
    if by is By.SUBNET:
        return [[_name(row), row["cidr"], *_figures(row)]]
    return [[_name(row), family, *_figures(row[family])] for family in ("v4", "v6") if family in row]


def _name(row: dict[str, Any]) -> str:
    return ":".join(row["owner"]["fq_name"] if "owner" in row else row["fq_name"])


def _figures(usage: dict[str, int]) -> list[str]:
    givable = usage["total"] - usage["reserved"]
    full = 100 * (usage["used"] - usage["outside"]) / givable if givable else 100.0
    return [*(str(usage[figure]) for figure in FIGURES), f"{full:.0f}%"]
