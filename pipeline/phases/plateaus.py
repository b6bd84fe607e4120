"""The stationary points that the flow lingers at: saddle to saddle (section 3.2, Fact 1).

Near a stationary point the loss hardly falls: its relative rate |grad L|^2 / L is far below the rate |D| at
which anything grows or converges (Lemma 5 bounds it from below by |D_-| once the end is near).
"""

from __future__ import annotations

import numpy as np

LINGERING = 0.05
"""The relative rate of the loss over the smaller |D| below which the flow lingers."""
FITTED = 1e-12
"""The share of the zero network's loss below which the flow has arrived: a slow tail of rounding is no saddle."""
NONE, ORIGIN = 1, 2
"""The labels of :data:`catalog.schema` for no plateau and for the origin; the saddles follow."""


def plateau_numbers(
    loss: np.ndarray, gradient_norm: np.ndarray, rate: float, zero_loss: float, largest: int
) -> np.ndarray:
    """Number the plateaus in the order of their visit.

    Parameters
    ----------
    loss, gradient_norm
        Along time.
    rate
        The smaller of |D_+| and |D_-| that is not 0.
    zero_loss
        The loss of the zero network, 1/(2n) sum_k y_k^2.
    largest
        The largest label there is; later plateaus share it.

    Returns
    -------
    int8[time]
        NONE, ORIGIN, or ORIGIN + i for the i-th saddle. The first plateau is the origin only if the run starts
        in it: a large start visits no origin.
    """
    # Not its square: that of a gradient beyond 1e154 (a descent that ran away) is no float.
    lingers = (gradient_norm < np.sqrt(LINGERING * rate * loss)) & (loss > FITTED * zero_loss)
    numbers = np.full(len(loss), NONE, dtype=np.int8)
    starts = np.flatnonzero(lingers & ~np.concatenate([[False], lingers[:-1]]))
    for i, start in enumerate(starts):
        stop = start + int(np.argmin(np.append(lingers[start:], False)))
        number = ORIGIN + i + (0 if starts[0] == 0 else 1)
        numbers[start:stop] = min(number, largest)
    return numbers
