"""The part of the specification that says what small starts do on any data: directions, the limit, the kernel.

Read through :mod:`catalog.schema`, of which it is a part. A run has these groups if they could be computed in
about a second: why one is missing stands in the reasons of the rows that need it.
"""

from __future__ import annotations

from catalog.schema.specification import Variable

EXTREMAL_KINDS = ("maximum", "minimum", "saddle")

COORDINATES = (
    Variable("extremal", ("extremal",), "int64", "extremal direction", "From the largest G down, from 0."),
    Variable("limit_plateau", ("limit_plateau",), "int64", "plateau of the limit", "The origin is 0."),
)

_extremal, _neuron = ("extremal",), ("neuron",)
_of_coordinates = ("neuron", "coord")

ALIGNMENT_VARIABLES = (
    Variable("direction", ("extremal", "coord"), "float64", "extremal direction u", "Of length 1."),
    Variable("value", _extremal, "float64", "G(u)", "G(u) = 1/n sum_k y_k phi(<u, x_k>), its critical points."),
    Variable("kind", _extremal, "int8", "what G is there", "On the unit sphere.", flags=EXTREMAL_KINDS),
    Variable("touching", _extremal, "int64", "points whose boundary it is on", "0: it is inside a pattern."),
    Variable(
        "predicted_direction", _of_coordinates, "float64", "end of the frozen flow",
        "Where eq (10) with r_k = y_k takes the neuron's direction; NaN where that is not unique.",
    ),
    Variable("predicted_sign", _neuron, "float64", "sign of a there", "It changes if |a| < |w| at the start."),
    Variable("predicted_rate", _neuron, "float64", "d ln|w_j|/dt there", "s_j G(u): above 0 the neuron grows."),
    Variable(
        "partner", _neuron, "int64", "extremal direction of the neuron",
        "The number of that which it goes to; -2: it feels no force where it ends.",
    ),
    Variable(
        "measured_direction", _of_coordinates, "float64", "direction at the end of alignment",
        "Just before the residual has changed by a hundredth.", optional=True,
    ),
    Variable(
        "cosine", _neuron, "float64", "cosine of both",
        "Measured and predicted; NaN where w has come to 0, as predicted, or nothing is predicted.", optional=True,
    ),
    Variable("aligned_at", (), "float64", "end of the alignment of all neurons", "Its time.", optional=True),
)  # fmt: skip

_plateau = ("limit_plateau",)

LIMIT_VARIABLES = (
    Variable("tau", _plateau, "float64", "tau on arrival", "t/(-ln lambda), as lambda goes to 0."),
    Variable("wait", _plateau, "float64", "tau until the next jump", "NaN at the end."),
    Variable("loss", _plateau, "float64", "loss L", "Of the stationary point."),
    Variable("half_squared_norm", _plateau, "float64", "1/2 |theta|^2", "Of the stationary point."),
    Variable("labels_fitted", _plateau, "int64", "labels fitted", "How many."),
    Variable("passage", _plateau, "float64", "t of the way to it", "But for a hundredth of the loss at each end."),
    Variable("residual", ("limit_plateau", "point"), "float64", "r_k there", "y_k - h(x_k)."),
    Variable(
        "escaping_direction", ("limit_plateau", "coord"), "float64", "direction of the escape to it",
        "That of the first neuron whose log-norm reached 0; NaN for the origin.",
    ),
    Variable("escaping_neurons", _plateau, "int64", "neurons that escaped to it", "At one instant tau."),
    Variable(
        "measured_tau", _plateau, "float64", "t/(-ln lambda) of this run's jump",
        "When half of the way to the plateau's loss is made; NaN: never.",
    ),
    Variable(
        "measured_loss", _plateau, "float64", "loss of this run there", "Where it falls slowest before the next."
    ),
)  # fmt: skip

KERNEL_VARIABLES = (
    Variable(
        "eigenvalue", ("time", "point"), "float64", "eigenvalues of K/n",
        "Of the tangent kernel, falling; dr/dt = -K r/n. At some of the samples.",
    ),
    Variable("slowest_rate", ("time",), "float64", "slowest rate of the loss", "Twice the smallest eigenvalue."),
    Variable("loss_rate", ("time",), "float64", "2 <r, K r>/(n |r|^2)", "What the kernel makes of -d ln L/dt."),
    Variable("measured_rate", ("time",), "float64", "|grad L|^2/L", "-d ln L/dt; NaN where the loss is 0."),
)  # fmt: skip

PARTNERS = (
    Variable(
        "limit_number", ("plateau_number",), "int64", "plateau of the limit",
        "The number of its partner in the group jumps; -2: it has none.", optional=True,
    ),
    Variable("limit_loss", ("plateau_number",), "float64", "loss of the limit's plateau", "L.", optional=True),
    Variable(
        "limit_start", ("plateau_number",), "float64", "t of the limit's jump to it",
        "tau times -ln lambda; 0 for the origin.", optional=True,
    ),
)  # fmt: skip
"""What the group plateaus has of the limit."""

STATEMENTS = (
    "extremal_alignment", "first_escape", "saddle_losses", "jump_times", "stationary_plateaus", "limit_norm",
    "least_norm",
)  # fmt: skip
"""The rows that need no assumption on the data."""
