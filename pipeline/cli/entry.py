"""What the command ``reluflow`` calls first: from here on Ctrl-C is one line, wherever it comes.

Python raises KeyboardInterrupt between any two steps. While a module is imported it may arrive as the cause of
another error (a RuntimeError, where a class is being made); in a destructor or a callback it is dropped.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

AGAIN_SECONDS = 0.05
"""After which a Ctrl-C that Python has dropped is sent again: by then the destructor or callback is over."""


@contextmanager
def ctrl_c_as_itself() -> Iterator[None]:
    """Raise KeyboardInterrupt in the place of an error that it has caused."""
    try:
        yield
    except Exception as error:
        cause: BaseException | None = error
        while cause is not None:
            cause = cause.__cause__ or cause.__context__
            if isinstance(cause, KeyboardInterrupt):
                raise KeyboardInterrupt from error
        raise


def send_again(dropped: Any) -> None:
    """Send a Ctrl-C again that Python has dropped; print any other dropped exception, as Python does."""
    if issubclass(dropped.exc_type, KeyboardInterrupt):
        threading.Timer(AGAIN_SECONDS, os.kill, (os.getpid(), signal.SIGINT)).start()
    else:
        sys.__unraisablehook__(dropped)


def command_line() -> None:
    """Import the commands, and run the one that the command line names."""
    sys.unraisablehook = send_again
    try:
        with ctrl_c_as_itself():
            from pipeline.cli.main import command_line as run_command

            run_command()
    except KeyboardInterrupt:
        sys.stderr.write("reluflow: interrupted; nothing is half-published\n")
        sys.exit(130)
