"""Which runs each page tells of."""

from __future__ import annotations

from dataclasses import dataclass, field

Settings = dict[str, str]


@dataclass(frozen=True)
class Experiment:
    """A page: the preset that it shows, and others that its text compares it with.

    Attributes
    ----------
    preset
        Its name; the page's too.
    others
        Further runs of the same preset, by the name that the text gives them: what is set differently.
    slow
        Its run takes longer than a documentation should wait for: what it said and its pictures are kept in the
        repository, and made again by ``make gallery SLOW=1`` alone.
    staircase
        Its page shows the limit lambda -> 0 too.
    """

    preset: str
    others: dict[str, Settings] = field(default_factory=dict)
    slow: bool = False
    staircase: bool = False


EXPERIMENTS = (
    Experiment("orthogonal", {"tiny": {"init.log10_scale": "-1000"}}, staircase=True),
    Experiment("orthogonal-large"),
    Experiment("orthonormal", {"tiny": {"init.log10_scale": "-1000"}}, staircase=True),
    Experiment(
        "non-orthogonal",
        {
            "tiny": {"init.log10_scale": "-100"},
            "descent": {"flow.method": "gradient_descent", "flow.end_time": "2000"},
            "balanced": {"flow.method": "gradient_descent:balanced", "flow.end_time": "2000"},
        },
        staircase=True,
    ),
    Experiment("non-orthogonal-large", {"small": {"init.log10_scale": "-6"}}),
    Experiment("high-dimensional", slow=True),
    Experiment("small-width", {"tiny": {"init.log10_scale": "-1000"}}, staircase=True),
    Experiment("nearly-orthogonal", {"tiny": {"init.log10_scale": "-1000"}}),
    Experiment("unbalanced", {"tiny": {"init.log10_scale": "-12"}}),
    Experiment("leaky", {"smaller": {"init.log10_scale": "-12"}, "tiny": {"init.log10_scale": "-30"}}),
    Experiment("student", slow=True),
    Experiment("teacher-student", slow=True),
    Experiment("digits", slow=True),
)
"""In the order of the pages: the paper's own, its appendix's, those of its discussion, and what others study."""
