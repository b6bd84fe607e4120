"""What a plateau and the kind of its stationary point are called where a person reads of them."""

from __future__ import annotations

STRICT_SADDLE = "strict_saddle"

KINDS = {
    STRICT_SADDLE: "strict saddle",
    "local_minimum": "local minimum",
    "unknown": "no stationary point near",
    "boundary_descent": "not a minimum",
    "narrow_minimum": "narrow minimum",
    "not_reached": "point not reached",
    "undecided": "undecided",
}
"""The kinds of ``plateaus/kind`` in words; what each means: :func:`pipeline.stationary.kind_of`."""
EXPLAINED = frozenset({"boundary_descent", "narrow_minimum", "not_reached", "undecided"})
"""The kinds that are told with their reason."""


def plateau_name(label: str) -> str:
    """Name a plateau: ``origin``, ``plateau 1``, ``plateau 2``, ...

    The labels count the stationary points in the order of the visit (section 3.2, Fact 1) and call them saddles.
    The last one need be none: of what kind each is stands beside its name.

    Parameters
    ----------
    label
        Of ``plateaus/label``: ``"saddle_2"``.
    """
    return label.replace("saddle_", "plateau ")


def kind_flag(kind: str) -> str:
    """Write a kind as ``plateaus/kind`` does; in a trajectory's ``stationary_kind`` it has blanks."""
    return kind.replace(" ", "_")


def kind_in_words(kind: str, reason: str = "") -> str:
    """Say of what kind a stationary point is: ``strict saddle``, ``not a minimum: neuron 0 on ...``.

    Parameters
    ----------
    kind
        Of ``plateaus/kind``, or ``stationary_kind`` of a trajectory.
    reason
        That of the attribute ``reasons``, or ``stationary_reason``, where there is one.
    """
    flag = kind_flag(kind)
    words = KINDS.get(flag, kind.replace("_", " "))
    return f"{words}: {reason}" if reason and flag in EXPLAINED else words
