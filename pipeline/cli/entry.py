"""What the command ``reluflow`` calls first: from here on Ctrl-C is one line, also while modules are imported."""

import sys


def command_line() -> None:
    """Import the commands, and run the one that the command line names."""
    try:
        from pipeline.cli.main import command_line as run_command

        run_command()
    except KeyboardInterrupt:
        sys.stderr.write("reluflow: interrupted; nothing is half-published\n")
        sys.exit(130)
