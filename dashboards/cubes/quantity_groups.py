"""The list of quantities for a form: in groups of a dozen, those that do not differ last, and found by words."""

from __future__ import annotations

from dashboards.cubes.opened_cube import Cube, Quantity
from dashboards.cubes.scales import choose_scale, rounding_of

NORMS, TIMES, NETWORK, DATA = "Loss and norms", "Times", "The network at the end", "The data and its minimum"
GROUP_OF = {
    NORMS: (
        "final_excess", "final_distance", "final_loss", "final_test_loss", "final_teacher_distance",
        "half_squared_norm", "hull_difference", "variation_difference", "variation_norm", "merged_distance",
    ),
    TIMES: ("t1", "t1_predicted", "t2", "t2_predicted", "t3", "t3_predicted", "end_time"),
    NETWORK: (
        "merged_directions", "kinks", "sliding_neurons", "dead_neurons", "plateaus", "strict_saddles",
        "sensitive_events", "stationary_kind", "hessian_smallest_eigenvalue",
    ),
    DATA: (
        "minimal_half_squared_norm", "number_of_points", "number_of_coordinates", "largest_cosine", "growth_ratio",
        "growth_rate_positive", "growth_rate_negative", "log_lambda", "fitted_first", "freedom",
        "certificate_norm",
    ),
}  # fmt: skip
"""The results of each group, in the order of the list."""
OTHERS = {"Results": "Other results", "Verdicts": "The paper's statements", "Solver": "The solver"}
"""The groups of what is not named above."""
SAME, EMPTY = "The same in every cell", "In no cell"
"""The last groups."""


def group_quantities(cube: Cube, words: str = "") -> dict[str, dict[str, str]]:
    """Group the quantities of a cube whose titles, names or groups contain all words.

    Returns
    -------
    dict
        Names by titles, by group; a group without a quantity is left out.
    """
    wanted = words.lower().split()
    groups: dict[str, dict[str, str]] = {name: {} for name in (*GROUP_OF, *OTHERS.values(), SAME, EMPTY)}
    for quantity in sorted(cube.quantities.values(), key=lambda one: place_of(one.name)):
        group = group_of(quantity)
        text = f"{quantity.title} {quantity.name.replace('_', ' ')} {group}".lower()
        if all(word in text for word in wanted):
            groups[unchanging(cube, quantity) or group][quantity.title] = quantity.name
    return {name: found for name, found in groups.items() if found}


def group_of(quantity: Quantity) -> str:
    """Name the group of a quantity."""
    named = (group for group, names in GROUP_OF.items() if quantity.name in names)
    return next(named, OTHERS.get(quantity.group, OTHERS["Results"]))


def place_of(name: str) -> int:
    """Return the place of a quantity in its group; those that are not named come last, in the cube's order."""
    return next((names.index(name) for names in GROUP_OF.values() if name in names), 100)


def unchanging(cube: Cube, quantity: Quantity) -> str:
    """Name the last group that a quantity belongs to; empty if it differs from cell to cell."""
    numbers = cube.numbers[quantity.name]
    there = numbers[numbers == numbers]
    if not there.size:
        return EMPTY
    if quantity.words:
        return SAME if there.min() == there.max() else ""
    return SAME if choose_scale(numbers, "number", rounding_of(quantity.name, cube.numbers))["constant"] else ""
