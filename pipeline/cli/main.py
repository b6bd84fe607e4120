"""``reluflow``: the group of all commands. Each is imported when it is called, so that help is instant."""

from __future__ import annotations

import sys
import warnings
from importlib import import_module
from typing import Any

import click

from pipeline.cli.shared import INTERRUPTED, WRONG_REQUEST, refuse

COMMANDS = {
    "presets": "pipeline.cli.runs:presets",
    "run": "pipeline.cli.runs:run",
    "list": "pipeline.cli.runs:list_runs",
    "show": "pipeline.cli.runs:show",
    "figures": "pipeline.cli.runs:figures",
    "sweep": "pipeline.cli.sweep:sweep",
    "theory": "pipeline.cli.theory:theory",
    "export": "pipeline.cli.sharing:export",
    "import": "pipeline.cli.sharing:import_runs",
    "verify": "pipeline.cli.maintenance:verify",
    "status": "pipeline.cli.maintenance:status",
    "gc": "pipeline.cli.maintenance:gc",
    "dashboard": "pipeline.cli.dashboard:dashboard",
    "completion": "pipeline.cli.completion:completion",
}
"""Every command: the module that has it, and its name there."""


class OneLineGroup(click.Group):
    """Commands whose misuse is told in one line, like everything else that is wrong with a request."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Name the commands."""
        return sorted(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Find a command; it is imported now."""
        if name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run the command that the words on the command line name."""
        try:
            return super().main(*arguments, **options | {"standalone_mode": False})
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            sys.exit(WRONG_REQUEST)
        except click.ClickException as error:
            context = getattr(error, "ctx", None)
            where = context.command_path if context is not None else "reluflow"
            refuse(f"{error.format_message().rstrip('.')} ({where} --help says what is allowed)", WRONG_REQUEST)
        except click.Abort:
            refuse("interrupted; nothing is half-published", INTERRUPTED)


@click.group(cls=OneLineGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="reluflow")
def main() -> None:
    """Study how shallow ReLU networks learn: the exact gradient flow, labelled and kept.

    \b
    Examples:
      reluflow run orthogonal                                the paper's experiment
      reluflow run orthogonal --set init.log10_scale=-1000   from a start of 1e-1000
      reluflow run mine.toml                                 your own data
      reluflow figures orthogonal --out figures              figures 1, 2 and 3
    """  # noqa: D301 (click looks for the backspace itself)


def command_line() -> None:
    """Run ``reluflow`` as a process of its own.

    Libraries' warnings are for developers (who pass -W): after a Ctrl-C zarr's background thread went on to
    print one behind the line that a person should read.
    """
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    main()
