"""How a state of the network is seen: on a line, by cosines, or in a plane, in figure 2 and in its animation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from pipeline.figures import cosines, kinks, polar
from pipeline.figures.network import State
from pipeline.figures.reading import Run, one_input, orthogonal
from pipeline.figures.roles import neuron_roles, occurring
from pipeline.figures.style import BLACK, GREY, ROLES, role_marker
from pipeline.network.one_input import OneInput


@dataclass(frozen=True)
class Panel:
    """What draws a state, and all that surrounds it.

    Attributes
    ----------
    labels
        Of the horizontal and of the vertical axis.
    round
        Whether circles are drawn: the panel is then a square.
    frame
        Sets an axes' limits so that they hold these states.
    draw_setting, draw_state
        Draw what lies beneath and never moves; then one state over it.
    legend
        Lists what is drawn of these states.
    """

    labels: tuple[str, str]
    round: bool
    frame: Callable[[Axes, Iterable[State]], None]
    draw_setting: Callable[[Axes], None]
    draw_state: Callable[[Axes, State], None]
    legend: Callable[[Sequence[State]], list[Line2D]]


def panel_of(tree: Run, last: State) -> Panel:
    """Choose the panel for a run that ends in the state ``last``: by its inputs alone."""
    one = one_input(tree)
    if one is not None:
        return _on_a_line(tree, one)
    return _by_cosines(tree) if orthogonal(tree) else _in_a_plane(tree, last)


def _on_a_line(tree: Run, one: OneInput) -> Panel:
    plane = kinks.Plane.of(tree, one)
    across = "x, and kinks −wⱼ₂/wⱼ₁" if one.bias_column is not None else "x; neurons on their active side of 0"
    return Panel(
        (across, "h(x), yₖ, and sⱼ|wⱼ|"),
        round=False,
        frame=lambda axes, states: kinks.frame(axes, plane, states),
        draw_setting=kinks.draw_setting,
        draw_state=lambda axes, state: kinks.draw_state(axes, plane, state),
        legend=lambda states: _roles(tree) + kinks.legend(plane) + _sliding(states),
    )


def _by_cosines(tree: Run) -> Panel:
    return Panel(
        ("cosine with D₊", "cosine with −D₋"),
        round=True,
        frame=lambda axes, _: cosines.frame(axes),
        draw_setting=cosines.draw_setting,
        draw_state=partial(cosines.draw_state, tree),
        legend=lambda states: _roles(tree) + cosines.legend(tree) + _sliding(states),
    )


def _in_a_plane(tree: Run, last: State) -> Panel:
    view = polar.View.of(tree, last)
    return Panel(
        view.names,
        round=True,
        frame=lambda axes, _: polar.frame(axes),
        draw_setting=lambda axes: polar.draw_setting(tree, axes, view),
        draw_state=lambda axes, state: polar.draw_state(tree, axes, view, state),
        legend=lambda states: polar.legend(tree, states) + _sliding(states),
    )


def _roles(tree: Run) -> list[Line2D]:
    """List the markers of the roles that occur."""
    return [role_marker(ROLES[name]) for name in occurring(neuron_roles(tree))]


def _sliding(states: Sequence[State]) -> list[Line2D]:
    """Say what a black edge means, if a neuron slides in any of these states."""
    if not any(state.sliding.any() for state in states):
        return []
    return [
        Line2D(
            [], [], linestyle="none", marker="o", markersize=6, markerfacecolor=GREY, markeredgecolor=BLACK,
            markeredgewidth=0.9, label="sliding on a boundary",
        )
    ]  # fmt: skip
