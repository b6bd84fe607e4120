"""``python -m pipeline.cli`` is ``reluflow``."""

from pipeline.cli.entry import command_line

if __name__ == "__main__":
    command_line()
