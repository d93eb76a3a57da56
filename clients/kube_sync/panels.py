"""Help under headings: the options of a command by what they are about, for commands that have many."""

from typing import Any

from typer import BadParameter
from typer.core import TyperCommand, TyperGroup

OTHERS = "Options"
UsageError: Any = BadParameter.__base__


class PanelledCommand(TyperCommand):
    """A command whose help has a section for each panel that its options name."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """The options, by panel."""
        _write_panels(self, ctx, formatter)


class PanelledGroup(TyperGroup):
    """The same for a command that also has sub-commands. Wrong usage of these leaves with 1: 2 is an answer of theirs."""

    def invoke(self, ctx: Any) -> Any:
        """Parse and run the sub-command, or run the command itself."""
        try:
            return super().invoke(ctx)
        except UsageError as why:
            why.exit_code = 1
            raise

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """The options by panel, then the sub-commands."""
        _write_panels(self, ctx, formatter)
        self.format_commands(ctx, formatter)


def _write_panels(command: Any, ctx: Any, formatter: Any) -> None:
    """The command's own options first, then the panels in the order of their first options."""
    panels: dict[str, list[tuple[str, str]]] = {OTHERS: []}
    for parameter in command.get_params(ctx):
        if record := parameter.get_help_record(ctx):
            panels.setdefault(getattr(parameter, "rich_help_panel", None) or OTHERS, []).append(record)
    for heading, records in panels.items():
        with formatter.section(heading):
            formatter.write_dl(records)
