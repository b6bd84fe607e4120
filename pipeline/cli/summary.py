"""What the report needs of a run's summary, which may be an older version's or a stranger's."""

from __future__ import annotations

from collections.abc import Mapping
from math import nan
from typing import Any

NUMBERS = (
    "final_loss", "half_squared_norm", "minimal_half_squared_norm", "lower_bound", "gap", "final_excess",
    "t1", "t2", "t3", "t1_predicted", "t2_predicted", "t3_predicted", "end_time", "steps", "solver_seconds",
    "largest_cosine",
)  # fmt: skip
"""The numbers that it needs."""
TEXTS = {
    "status": "unknown", "status_message": "It is not stored why the run ended.", "fitted_first": "positive",
    "minimal_norm_method": "not stored", "assumption_1": "", "assumption_2": "", "assumption_3": "",
}  # fmt: skip
"""The texts that it needs, and what stands for each that is missing."""
OPTIONAL_NUMBERS = frozenset(
    {"number_of_points", "number_of_coordinates", "hull_difference", "merged_directions", "kinks",
     "sliding_neurons", "hessian_smallest_eigenvalue", "final_test_loss", "final_teacher_distance", "slowest_rate",
     "measured_rate", "log_init_scale"}
)  # fmt: skip
OPTIONAL_TEXTS = frozenset(
    {"coordinate_names", "stationary_kind", "stationary_reason", "plateau_table", "direction_table", "limit_table"}
)


def is_number(value: Any) -> bool:
    """Whether a value is a number; a truth value is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def complete(summary: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return a summary in which the report finds all that it needs, and the names of what had to be filled in.

    What is there but of another kind (a text for a number) counts as missing.
    """
    known = {name: value for name, value in summary.items() if _is_of_its_kind(name, value)}
    if known.get("fitted_first") not in ("positive", "negative"):
        known.pop("fitted_first", None)
    lacking = {**dict.fromkeys(NUMBERS, nan), **TEXTS}
    lacking = {name: value for name, value in lacking.items() if name not in known}
    return known | lacking, list(lacking)


def _is_of_its_kind(name: str, value: Any) -> bool:
    if name in NUMBERS or name in OPTIONAL_NUMBERS:
        return is_number(value)
    return isinstance(value, str) or not (name in TEXTS or name in OPTIONAL_TEXTS)
