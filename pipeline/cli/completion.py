"""``reluflow completion``, and what a shell may complete a preset's or a run's name to."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem, get_completion_class

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_RELUFLOW_COMPLETE"
"""The environment variable by which the shell asks ``reluflow``; click derives its name from the command's."""


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script by which SHELL completes commands, options, presets and runs.

    \b
    Examples:
      eval "$(reluflow completion bash)"    in ~/.bashrc (bash 4.4 or later)
      eval "$(reluflow completion zsh)"     in ~/.zshrc
      reluflow completion fish > ~/.config/fish/completions/reluflow.fish
    """  # noqa: D301
    script = get_completion_class(shell)
    assert script is not None, shell
    click.echo(script(context.find_root().command, {}, "reluflow", VARIABLE).source())


def presets_and_files(context: click.Context, parameter: click.Parameter, start: str) -> list[CompletionItem]:
    """What a shell may complete PRESET_OR_FILE to."""
    from pipeline.configuration import presets

    named = [CompletionItem(name) for name in presets() if name.startswith(start)]
    return [*named, CompletionItem(start, type="file")]


def runs_of_the_catalog(context: click.Context, parameter: click.Parameter, start: str) -> list[CompletionItem]:
    """What a shell may complete RUN to: nothing where there is no catalog, and no message on the line."""
    from catalog.catalog import open_catalog
    from catalog.errors import CatalogError

    # While a line is being completed click leaves defaults out.
    default = next(option for option in context.command.params if option.name == "catalog_url").get_default(
        context
    )
    try:
        runs = open_catalog(str(context.params.get("catalog_url") or default))
        return [CompletionItem(run_id) for run_id in runs if run_id.startswith(start)]
    except (CatalogError, OSError):
        return []
