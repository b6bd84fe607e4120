"""What a plateau is called where a person reads of it."""

from __future__ import annotations


def plateau_name(label: str, kind: str) -> str:
    """Name a plateau: ``origin``, ``saddle 1``, ``saddle 2``, ...

    The labels count the stationary points in the order of the visit (section 3.2, Fact 1). The last one need be no
    saddle: a flow that does not fit all labels ends at a local minimum, and is said to, its number kept.

    Parameters
    ----------
    label
        Of ``plateaus/label``: ``"saddle_2"``.
    kind
        Of ``plateaus/kind``: ``"strict_saddle"``, ``"local_minimum"`` or ``"unknown"``.
    """
    words = label.replace("_", " ")
    return words.replace("saddle", "minimum") if kind == "local_minimum" else words
