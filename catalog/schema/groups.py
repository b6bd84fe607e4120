"""The groups of a run on disk: every variable's name, dimensions, type, units and meaning.

A stage validates its input against these tables, and the writer takes the attributes from them. A variable is
described nowhere else. The names are public: a change here is a change of the schema version and a line in the
changelog.
"""

from __future__ import annotations

from catalog.schema import plateau_schema, small_start_schema
from catalog.schema.specification import Variable

ORTHOGONAL = 1e-12
"""The cosine up to which two inputs count as orthogonal (``largest_cosine``, ``assumption_1``): a rotation's
rounding gives some 1e-16."""

ALIGNED = 0.99
"""The cosine from which a neuron counts as aligned: a fixed one, so that t1 is comparable between scales
(Lemma 2's own bound, 1 - 2 lambda^epsilon, says nothing at lambda = 1e-7: it is 0.1)."""
FITTED = 0.01
"""The share of its labels, in root mean square, down to which a sign counts as fitted."""

ACTIVATIONS = ("off", "on", "sliding")
PHASES = ("alignment", "fitting_positive", "fitting_negative", "convergence")
ROLES = ("positive", "negative", "other")
VERDICTS = ("holds", "fails", "not_applicable")
PAPER_STATEMENTS = (
    "lemma_1", "lemma_2_i", "lemma_2_ii", "lemma_2_iii", "logistic_ode", "lemma_3_i", "lemma_3_ii", "lemma_3_iii",
    "fact_1", "lemma_4_i", "lemma_4_ii", "lemma_4_iii", "lemma_4_iv", "lemma_5", "proposition_1",
    "theorem_1_loss", "theorem_1_bias", "eq_8",
)  # fmt: skip
"""The paper's rows of the statements table, in its order."""
STATEMENTS = (*PAPER_STATEMENTS, *small_start_schema.STATEMENTS)
"""All rows: the paper's, and those on small starts that need no assumption on the data."""

_coordinates = (
    Variable("time", ("time",), "float64", "time t", "The paper's t: time of the flow of L = 1/(2n) sum r^2."),
    Variable("point", ("point",), "int64", "data point", "k, counted from 0."),
    Variable("coord", ("coord",), "int64", "input coordinate", "Its labels are in the attribute 'labels'."),
    Variable("test_point", ("test_point",), "int64", "test point", "Counted from 0; the flow does not see it."),
    Variable("neuron", ("neuron",), "int64", "neuron", "j, counted from 0."),
    Variable("penalty", ("penalty",), "float64", "penalty beta", "Of the norm beside the loss."),
    Variable("minimal_neuron", ("minimal_neuron",), "int64", "neuron of the minimum", "Counted from 0."),
    *plateau_schema.COORDINATES,
    *small_start_schema.COORDINATES,
    Variable(
        "statement", ("statement",), "int8", "statement",
        "The paper's in its order, then those on any data; what each claims is in the attribute 'claims'.",
        flags=STATEMENTS,
    ),
)  # fmt: skip

_data = (
    Variable("x", ("point", "coord"), "float64", "input x_k", "The data points, one row each."),
    Variable("y", ("point",), "float64", "label y_k", "The value to be fitted at each point."),
    Variable(
        "growth_positive", ("coord",), "float64", "D_+",
        "D_+ = 1/n sum over y_k > 0 of y_k x_k: where S_{+,1} aligns.",
    ),
    Variable(
        "growth_negative", ("coord",), "float64", "D_-",
        "D_- = 1/n sum over y_k < 0 of y_k x_k: S_{-,1} aligns with -D_-.",
    ),
    Variable("growth_ratio", (), "float64", "r = |D_+|/|D_-|", "Above 1 the positive labels are fitted first."),
    Variable(
        "largest_cosine", (), "float64", "largest |cos(x_k, x_l)|",
        "0 for orthogonal inputs; what Assumption 1 asks up to scaling.",
    ),
    Variable(
        "assumption_1", (), "int8", "Assumption 1", "The x_k are orthonormal.",
        flags=("holds", "holds_up_to_scaling", "fails"),
    ),
    Variable(
        "assumption_2", (), "int8", "Assumption 2",
        "No label is 0 and |D_+| differs from |D_-| (for orthonormal inputs: the two label energies differ).",
        flags=("holds", "fails"),
    ),
    Variable(
        "test_x", ("test_point", "coord"), "float64", "test input", "Points that the flow does not see.",
        optional=True,
    ),
    Variable("test_y", ("test_point",), "float64", "test label", "The value expected there.", optional=True),
)  # fmt: skip

_initial = (
    Variable("log_norm", ("neuron",), "float64", "ln |w_j(0)|", "Finite even where |w_j| underflows."),
    Variable("direction", ("neuron", "coord"), "float64", "w_j/|w_j| at t = 0", "Unit vectors."),
    Variable("output_ratio", ("neuron",), "float64", "a_j/|w_j| at t = 0", "s_j when balanced, else any number."),
    Variable(
        "log_init_scale", (), "float64", "ln lambda",
        "The scale of eq (4); 1e-1000 is no float. Of given weights: the root mean square of the entries of w.",
    ),
    Variable(
        "activation", ("neuron", "point"), "int8", "activation at t = 0",
        "Of a start that another run was at: a neuron that rests on a boundary is not off by its weights alone.",
        flags=ACTIVATIONS, optional=True,
    ),
)  # fmt: skip

_trajectory = (
    Variable("direction", ("time", "neuron", "coord"), "float64", "w_j/|w_j|", "Unit vectors."),
    Variable("log_norm", ("time", "neuron"), "float64", "ln |w_j|", "Finite even where |w_j| underflows."),
    Variable("output_ratio", ("time", "neuron"), "float64", "a_j/|w_j|", "s_j when balanced (Lemma 1)."),
    Variable(
        "activation", ("time", "neuron", "point"), "int8", "activation of neuron j at point k",
        "On where <w_j, x_k> > 0, sliding where the flow holds it at 0, else off: relu'(0) = 0.",
        flags=ACTIVATIONS,
    ),
    Variable("residual", ("time", "point"), "float64", "r_k = y_k - h(x_k)", "What is left to fit."),
    Variable("loss", ("time",), "float64", "loss L", "L = 1/(2n) sum_k r_k^2, eq (1)."),
    Variable("gradient_norm", ("time",), "float64", "|grad L|", "Over all weights; |d theta/dt| of the flow."),
    Variable("log_init_scale", (), "float64", "ln lambda", "The scale of eq (4); 1e-1000 is no float."),
    Variable(
        "test_residual", ("time", "test_point"), "float64", "test label - h(x)", "At the test points.",
        optional=True,
    ),
    Variable(
        "test_loss", ("time",), "float64", "test loss", "1/(2n) sum of the squared test residuals.", optional=True
    ),
    Variable(
        "teacher_distance", ("time",), "float64", "|h - teacher|",
        "The root of the mean of (h - teacher)^2 over standard Gaussian inputs, by its closed form.",
        optional=True,
    ),
)  # fmt: skip

_phases = (
    Variable("phase", ("time",), "int8", "phase", "The paper's four phases (figure 1).", flags=PHASES),
    Variable(
        "plateau", ("time",), "int8", "stationary point lingered at",
        "The stationary points in the order of their visit, the origin first; none in between.",
        flags=plateau_schema.PLATEAUS,
    ),
    Variable(
        "role", ("neuron",), "int8", "role of the neuron", "S_{+,1} of eq (5), S_{-,1} of eq (6), or neither.",
        flags=ROLES,
    ),
    Variable("norm_positive", ("time",), "float64", "u_+", "Sum over S_{+,1} of |w_j|^2 (section 4.2)."),
    Variable("norm_negative", ("time",), "float64", "u_-", "Sum over S_{-,1} of |w_j|^2 (section 4.2)."),
    Variable(
        "alignment_positive", ("time",), "float64", "least cos(w_j, D_+) over S_{+,1}",
        "1 when every neuron of S_{+,1} points along D_+ (Lemma 2 (i)).",
    ),
    Variable(
        "alignment_negative", ("time",), "float64", "least cos(w_j, -D_-) over S_{-,1}",
        "1 when every neuron of S_{-,1} points along -D_- (Lemma 2 (ii)).",
    ),
    Variable("t1", (), "float64", "end of alignment", "Measured: see phases.timeline."),
    Variable("t2", (), "float64", "first sign fitted", "Measured: see phases.timeline."),
    Variable("t3", (), "float64", "second sign fitted", "Measured: see phases.timeline."),
    Variable("t1_predicted", (), "float64", "Lemma 2's t1", "-epsilon ln(lambda)/|D_-|."),
    Variable("t2_predicted", (), "float64", "Lemma 3's t2, leading order", "-ln(lambda)/|D_+|."),
    Variable("t3_predicted", (), "float64", "Lemma 4's t3, leading order", "-ln(lambda)/|D_-|."),
    Variable(
        "assumption_3", (), "int8", "Assumption 3", "S_{+,1} and S_{-,1} are not empty.", flags=("holds", "fails")
    ),
)  # fmt: skip

_minimal_norm = (
    Variable("value", (), "float64", "min 1/2 |theta|^2", "Over networks with L = 0 (eq 8); NaN: not known."),
    Variable("lower_bound", (), "float64", "dual bound", "<q, y> of a feasible dual certificate q."),
    Variable("gap", (), "float64", "value - lower_bound", "How far from certified the value is."),
    Variable(
        "certificate", ("point",), "float64", "dual certificate q_k",
        "|sum_k q_k phi(<u, x_k>)| <= 1 for every unit u; then <q, y> bounds every interpolator from below.",
    ),
    Variable(
        "certificate_norm", (), "float64", "max over |u| = 1 of |sum q_k phi(<u, x_k>)|",
        "At most 1. Where the patterns are sampled, a bound of it.",
    ),
    Variable("weight", ("minimal_neuron", "coord"), "float64", "w of the minimum", "Balanced: |w| = |a|."),
    Variable("output_sign", ("minimal_neuron",), "int8", "sign of a of the minimum", "+1 or -1."),
    Variable(
        "freedom", (), "float64", "dimension of the set of minimal networks",
        "Active directions less the rank of their outputs; 0: the minimum is unique. NaN: not known.",
        optional=True,
    ),
    Variable(
        "patterns", (), "float64", "number of activation patterns", "Of all, or of those sampled.", optional=True
    ),
    Variable(
        "kink", ("minimal_neuron",), "float64", "position of the neuron's kink",
        "Over one input: where <w, (x, bias)> = 0; infinite for a neuron without a kink.", optional=True,
    ),
    Variable(
        "slope_change", ("minimal_neuron",), "float64", "change of slope at the kink",
        "Over one input: h'(x+) - h'(x-) of the interpolator of least norm.", optional=True,
    ),
    Variable(
        "output_constant", (), "float64", "constant of the minimum", "It costs nothing (analysis.output_bias).",
        optional=True,
    ),
    Variable(
        "skip_weight", ("coord",), "float64", "v of <v, x> beside the minimum",
        "A skip connection; it costs nothing (analysis.skip).", optional=True,
    ),
    Variable(
        "penalised_loss", ("penalty",), "float64", "loss of the penalised minimum",
        "1/(2n) sum r^2 where loss + beta norm is least, over networks of any width.", optional=True,
    ),
    Variable(
        "penalised_norm", ("penalty",), "float64", "1/2 |theta|^2 of the penalised minimum",
        "The least of a network that is this function.", optional=True,
    ),
    Variable(
        "penalised_lower_bound", ("penalty",), "float64", "dual bound of loss + beta norm",
        "Of a feasible dual certificate.", optional=True,
    ),
    Variable(
        "penalised_residual", ("penalty", "point"), "float64", "y_k - h(x_k) of the penalised minimum",
        "What the penalty leaves to fit.", optional=True,
    ),
)  # fmt: skip

_comparison = (
    Variable("half_squared_norm", ("time",), "float64", "1/2 |theta|^2", "1/2 sum_j (a_j^2 + |w_j|^2)."),
    Variable("excess", ("time",), "float64", "1/2 |theta|^2 - minimum", "Negative before the data is fitted."),
    Variable(
        "distance", ("time",), "float64", "|theta - nearest minimum|",
        "Euclidean distance in weights to the set of minimum-norm networks of that width and those signs of a.",
    ),
    Variable(
        "variation_norm", (), "float64", "|h|_var at the end",
        "The least 1/2 |theta|^2 of all networks that are the learned function, everywhere.", optional=True,
    ),
    Variable(
        "variation_difference", (), "float64", "|h - h*|_var at the end",
        "Of the learned function less the minimum's; neurons within 1e-3 radians count as one.", optional=True,
    ),
    Variable(
        "hull_difference", (), "float64", "largest |h - h*| between the data",
        "On the lines between the points, at the end.", optional=True,
    ),
    Variable(
        "merged_distance", (), "float64", "|theta - theta*| of merged neurons",
        "At the end, neurons of a sign within 0.05 radians merged to one.", optional=True,
    ),
)  # fmt: skip

_statements = (
    Variable(
        "measured", ("statement",), "float64", "measured side",
        "What the run has; its natural logarithm where scale is logarithmic; NaN where the row does not apply.",
    ),
    Variable("bound", ("statement",), "float64", "claimed side", "What the paper says, on the same scale."),
    Variable(
        "margin", ("statement",), "float64", "room to the bound",
        "The difference of the two sides as they stand, positive where the claim holds with room; a bound below "
        "what the numbers resolve counts as that resolution.",
    ),
    Variable(
        "verdict", ("statement",), "int8", "verdict", "Why is in the attribute 'reasons'.", flags=VERDICTS
    ),
    Variable(
        "scale", ("statement",), "int8", "scale of measured and bound",
        "Logarithmic where a power of lambda is compared: 1e-1000 is no float.", flags=("linear", "logarithmic"),
    ),
    Variable("measured_at", ("statement",), "float64", "time of the measurement", "NaN: over many instants."),
    Variable(
        "resolution", ("statement",), "float64", "resolution of the measured side",
        "A measured size below it is rounding; 0 where there is none such.",
    ),
)  # fmt: skip

GROUPS: dict[str, tuple[Variable, ...]] = {
    "data": _data,
    "trajectory": _trajectory,
    "phases": _phases,
    "plateaus": (*plateau_schema.PLATEAU_VARIABLES, *small_start_schema.PARTNERS),
    "clusters": plateau_schema.CLUSTER_VARIABLES,
    "function": plateau_schema.FUNCTION_VARIABLES,
    "alignment": small_start_schema.ALIGNMENT_VARIABLES,
    "jumps": small_start_schema.LIMIT_VARIABLES,
    "kernel": small_start_schema.KERNEL_VARIABLES,
    "statements": _statements,
    "minimal_norm": (*_minimal_norm, *_comparison),
}
"""The groups of a run on disk and the variables of each."""

STAGES: dict[str, tuple[Variable, ...]] = {**GROUPS, "initial": _initial, "minimum": _minimal_norm}
"""The groups, and the two datasets that pass between stages without being a group of their own."""

COORDINATES = {variable.name: variable for variable in _coordinates}
