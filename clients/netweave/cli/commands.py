"""The sub-commands: those of this package, and those that other packages bring by entry points."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from typer import Typer

GROUP = "netweave.commands"

# What `netweave --help` says of a command without importing it.
OWN = (
    ("get", "netweave.cli.get:get", "Show one object."),
    ("list", "netweave.cli.listing:list_", "List the objects of a kind."),
    ("create", "netweave.cli.create:create", "Make one object."),
    ("delete", "netweave.cli.delete:delete", "Remove objects."),
    ("apply", "netweave.cli.apply:apply", "Create or update whatever some files describe."),
    ("diff", "netweave.cli.diff:diff", "Tell what `apply` would change."),
    ("export", "netweave.cli.export:export", "Write objects as files that `apply` reads."),
    ("watch", "netweave.cli.watch:watch", "Show objects, and what happens to them, as it happens."),
    ("changes", "netweave.cli.changes:changes", "Show who did what, and when."),
    ("search", "netweave.cli.search:search", "Find objects by name, uuid, address, MAC address or prefix."),
    ("utilization", "netweave.cli.utilization:utilization", "Show how many addresses are used, reserved and free."),
    ("schema", "netweave.cli.schema:schema", "Show the properties and links of a kind."),
)
HELP = {
    "serve": "Run the API server.",
    "migrate": "Bring a database up to date.",
    "demo": "Show two pods with several interfaces each.",
    "kube-sync": "Keep networks and interfaces in step with Kubernetes.",
}


class Missing(Exception):
    """A command's package lacks something that is not installed."""

    def __init__(self, command: str, module: str) -> None:
        super().__init__(f"`netweave {command}` needs the module {module!r}, which is not installed: pip install 'netweave[embedded]'")


@dataclass(frozen=True)
class Command:
    """A sub-command that is known by name and help, and loaded only to be run."""

    name: str
    entry: EntryPoint
    help: str

    def load(self) -> Callable[..., Any] | Typer:
        """The function behind the command, or the group of commands; Missing if it cannot be imported for want of a package."""
        try:
            found: Callable[..., Any] | Typer = self.entry.load()
        except ModuleNotFoundError as why:
            raise Missing(self.name, why.name or str(why)) from why
        return found


def commands() -> Iterator[Command]:
    """Every sub-command, ours first; another package's cannot take the name of one of ours."""
    own = {name for name, _, _ in OWN}
    for name, target, text in OWN:
        yield Command(name, EntryPoint(name, target, GROUP), text)
    found = {entry.name: entry for entry in entry_points(group=GROUP) if entry.name not in own}
    for name in sorted(found, key=lambda name: (name not in HELP, list(HELP).index(name) if name in HELP else 0, name)):
        yield Command(name, found[name], HELP.get(name, f"From {found[name].module}."))
