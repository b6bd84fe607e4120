"""A button that makes a file when it is pressed."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import panel as pn
import param

from dashboards.components import BUTTON
from dashboards.latest_only import LatestOnly
from dashboards.page_template import explain_error


class FileButton(pn.widgets.FileDownload):
    """A button that makes a file when it is pressed; an error is shown, and no file is sent.

    The file is made in a thread: an animation takes many seconds, and a page answers nothing while a callback
    runs.

    Parameters
    ----------
    make
        Makes the file; it runs in a thread.
    say
        Shows a line beside the button.
    options
        Panel's own.
    """

    def __init__(self, make: Callable[[], BytesIO], say: Callable[[str], None], **options: Any) -> None:
        def callback() -> BytesIO | None:
            # Panel's exception handler does not see the exceptions of this button.
            try:
                return make()
            except Exception as error:
                say(explain_error(error))
                return None

        super().__init__(callback=callback, **(BUTTON | options))
        self.making = LatestOnly(
            pn.state.curdoc, lambda _: callback(), self._sync_data, lambda error: say(explain_error(error))
        )

    @param.depends("_clicks", watch=True)
    def _transfer(self) -> None:
        self.making.request(None)

    def _sync_data(self, fileobj: BytesIO | None) -> None:
        if fileobj is not None:
            super()._sync_data(fileobj)


def size_text(count: int) -> str:
    """Write a number of bytes: ``191 kB``."""
    for unit, sign in ((2**30, "GB"), (2**20, "MB"), (2**10, "kB")):
        if count >= unit:
            return f"{count / unit:.3g} {sign}"
    return f"{count} bytes"
