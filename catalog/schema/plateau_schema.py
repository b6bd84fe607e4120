"""The part of the specification that says what a flow passes: plateaus, clusters of neurons, the function's kinks.

Read through :mod:`catalog.schema`, of which it is a part.
"""

from __future__ import annotations

from catalog.schema.specification import Variable

PLATEAUS = ("none", "origin", *(f"saddle_{i}" for i in range(1, 100)))
KINDS = (
    "strict_saddle", "local_minimum", "unknown", "boundary_descent", "narrow_minimum", "not_reached", "undecided",
)  # fmt: skip
MOMENTS = ("slowest", "leaving", "end")

COORDINATES = (
    Variable("plateau_number", ("plateau_number",), "int64", "plateau", "In the order of their visit, from 0."),
    Variable("instant", ("instant",), "int64", "instant", "A sample at which the network is looked at, from 0."),
    Variable("cluster", ("cluster",), "int64", "cluster of neurons", "In the order of their mass, from 0."),
    Variable("kink", ("kink",), "int64", "kink of h", "In the order of their positions, from 0."),
)

_plateau = ("plateau_number",)
_of_points = ("plateau_number", "point")

PLATEAU_VARIABLES = (
    Variable("label", _plateau, "int8", "name of the plateau", "As in phases/plateau.", flags=PLATEAUS),
    Variable(
        "start", _plateau, "float64", "start of the plateau",
        "The point is entered: a tenth is left of what the transition before takes of the loss or of a label.",
    ),
    Variable(
        "end", _plateau, "float64", "end of the plateau",
        "The point is left: the next transition has taken a tenth of what it takes of the loss or of a label.",
    ),
    Variable("slowest", _plateau, "float64", "time of the least |grad L|^2/L", "One of the samples' times."),
    Variable("loss", _plateau, "float64", "loss when slowest", "L at the time 'slowest'."),
    Variable("gradient_norm", _plateau, "float64", "|grad L| when slowest", "At the time 'slowest'."),
    Variable("stationary_loss", _plateau, "float64", "loss of theta_S", "NaN where no stationary point is near."),
    Variable(
        "distance", _plateau, "float64", "|theta - theta_S| when slowest", "Euclidean, over all neurons' w and a."
    ),
    Variable(
        "distance_over_time", ("plateau_number", "time"), "float64", "|theta(t) - theta_S|",
        "What Fact 1 bounds, along the whole flow.",
    ),
    Variable(
        "stationary_norm", _plateau, "float64", "1/2 |theta_S|^2", "1/2 sum_j (a_j^2 + |w_j|^2); 0 at the origin."
    ),
    Variable("stationary_residual", _of_points, "float64", "r_k at theta_S", "y_k - h(x_k)."),
    Variable(
        "stationary_gradient", _plateau, "float64", "|grad L| at theta_S",
        "0 up to rounding if theta_S was found, with the patterns as they are when slowest.",
    ),
    Variable("fitted", _of_points, "int8", "label k at theta_S", "Fitted: r_k = 0.", flags=("fitted", "unfitted")),
    Variable(
        "kept_neurons", _plateau, "int64", "neurons that theta_S keeps", "Without a force; the others' w is 0."
    ),
    Variable(
        "kind", _plateau, "int8", "kind of stationary point",
        "Strict saddle: the loss falls to second order. Local minimum: no direction of first or second order "
        "descends, one-sided ones at the neurons' boundaries included. Unknown: no stationary point is near. "
        "Boundary descent: a neuron on a point's boundary moves to one side, and the loss falls to first order. "
        "Narrow minimum: a neuron is beside a boundary past which the loss falls. Not reached: the flow passes "
        "by. Why is in the attribute 'reasons'.",
        flags=KINDS,
    ),
    Variable(
        "negative_eigenvalues", _plateau, "int64", "negative eigenvalues", "Of the Hessian of L, at this width."
    ),
    Variable("smallest_eigenvalue", _plateau, "float64", "smallest eigenvalue", "-max |D_j|; 0 if none is < 0."),
    Variable(
        "smallest_positive_eigenvalue", _plateau, "float64", "smallest positive eigenvalue", "NaN: there is none."
    ),
    Variable("largest_eigenvalue", _plateau, "float64", "largest eigenvalue", "0 if none is positive."),
    Variable(
        "escape_rate", _plateau, "float64", "fastest growth of a neuron that is 0 at theta_S",
        "The largest d ln|(w_j, a_j)|/dt = 2 a_j <D_j, w_j>/(a_j^2 + |w_j|^2) at theta_S; 0 if none grows.",
    ),
)  # fmt: skip

_instants = (
    Variable("instant_time", ("instant",), "float64", "time of the instant", "One of the samples' times."),
    Variable(
        "moment", ("instant",), "int8", "which moment",
        "The slowest sample of a plateau, its last one (the neurons have aligned), or the end of the run.",
        flags=MOMENTS,
    ),
    Variable(
        "plateau", ("instant",), "int8", "plateau of the instant", "None: the end of the run.", flags=PLATEAUS
    ),
)  # fmt: skip
_cluster = ("instant", "cluster")

CLUSTER_VARIABLES = (
    *_instants,
    Variable("direction", (*_cluster, "coord"), "float64", "direction of the cluster", "Of sum_j |a_j| w_j."),
    Variable("mass", _cluster, "float64", "mass of the cluster", "sum_j |a_j||w_j|."),
    Variable("log_mass", _cluster, "float64", "ln of the mass", "Finite even where the mass underflows."),
    Variable("neurons", _cluster, "float64", "neurons in the cluster", "How many; NaN where there is no cluster."),
    Variable("output_sign", _cluster, "float64", "sign of a", "+1 or -1; NaN where there is no cluster."),
    Variable("relevant", ("instant",), "int64", "clusters that matter", "Those with 1e-3 of all mass or more."),
    Variable("rest_log_mass", ("instant",), "float64", "ln of the mass elsewhere", "Of neurons in no cluster."),
    Variable("rest_neurons", ("instant",), "int64", "neurons in no cluster", "Beyond the largest 100 clusters."),
)  # fmt: skip

_kink = ("instant", "kink")

FUNCTION_VARIABLES = (
    *_instants,
    Variable(
        "merged_directions", ("instant",), "int64", "directions that matter", "Clusters with 1e-3 of all mass."
    ),
    Variable(
        "number_of_kinks", ("time",), "int64", "kinks of h within the data's range",
        "Those whose change of slope is 1e-2 of the sum of all |changes| or more.", optional=True,
    ),
    Variable("kink_position", _kink, "float64", "position of the kink", "In the input's unit.", optional=True),
    Variable("slope_change", _kink, "float64", "change of the slope of h", "h'(x+) - h'(x-).", optional=True),
    Variable("slope_left", _kink, "float64", "slope of h left of it", "Of all neurons.", optional=True),
    Variable("slope_right", _kink, "float64", "slope of h right of it", "Of all neurons.", optional=True),
    Variable("kink_neurons", _kink, "float64", "neurons merged in it", "NaN: there is no kink.", optional=True),
)  # fmt: skip
