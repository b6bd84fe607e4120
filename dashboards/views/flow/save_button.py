"""The button that computes the run with all its results and publishes it in the catalog."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import panel as pn

from dashboards.components import html_pane
from dashboards.latest_only import LatestOnly
from dashboards.page_context import PageContext
from dashboards.run_selection import publish_run
from pipeline.configuration import RunConfig


class SaveButton:
    """The button, and the line that says where the run is.

    Parameters
    ----------
    context
        The visitor's.
    config
        Returns the configuration to be saved when the button is pressed.
    failed
        Called with the error if it could not be saved.
    """

    def __init__(
        self, context: PageContext, config: Callable[[], RunConfig], failed: Callable[[Exception], None]
    ) -> None:
        self.context, self.config, self.failed = context, config, failed
        self.button = pn.widgets.Button(label="Save as a run", color="primary", sizing_mode="stretch_width")
        self.line = html_pane("")
        self.button.on_click(lambda _: self.save())

    def save(self) -> None:
        """Compute and publish the run behind the page."""
        self.line.object = "<p>Saving …</p>"
        LatestOnly(pn.state.curdoc, self._publish, self._saved, self._not_saved).request(self.config())

    def _publish(self, config: RunConfig) -> str:
        return str(self.context.compute(publish_run, config, self.context.catalog))

    def _saved(self, run_id: str) -> None:
        address = self.context.address("flow", run=run_id)
        self.line.object = f'<p>Saved: <a href="{escape(address)}">{escape(run_id)}</a></p>'

    def _not_saved(self, error: Exception) -> None:
        self.line.object = ""
        self.failed(error)
