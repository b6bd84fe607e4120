"""``python -m reluflow`` is the command ``reluflow``."""

from pipeline.cli.main import command_line

if __name__ == "__main__":
    command_line()
