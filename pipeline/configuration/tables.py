"""A whole run: ``[data]``, ``[init]``, ``[flow]`` and ``[analysis]`` together, and the name they give it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, model_validator

from pipeline.configuration.data_table import DataConfig
from pipeline.configuration.files import tables_with_files
from pipeline.configuration.init_table import InitConfig
from pipeline.configuration.keys import Keys, Penalties, Whole
from pipeline.inputs.arguments import OUTPUT_SPEED, SAMPLES, SLOPE, TOLERANCE

Method = Literal[
    "exact",
    "gradient_descent", "gradient_descent:balanced",
    "scipy:RK45", "scipy:DOP853", "scipy:LSODA", "scipy:Radau", "scipy:BDF",
    "diffrax:Tsit5", "diffrax:Dopri8", "diffrax:Kvaerno5",
]  # fmt: skip
METHODS: tuple[str, ...] = get_args(Method)
"""Every way to compute the flow that ``[flow] method`` may name."""


class FlowConfig(Keys):
    """``[flow]``: which flow, and how it is computed.

    Attributes
    ----------
    method
        ``exact``: the closed-form solver. The others are for reference: ``gradient_descent`` is the paper's
        iteration and ``gradient_descent:balanced`` restores a_j = s_j |w_j| after each step of it;
        ``scipy:...`` and ``diffrax:...`` hand the weights to that library's solver of that name.
    tolerance
        The aim for the worst error of the residual over the whole run, in units of the labels' root mean square
        (or of the residual's at the start, if that is larger).
    end_time
        The paper's t at which to stop; if not given, when nothing moves any more.
    samples
        How many instants are placed where the trajectory moves; those at which the paper's statements are checked
        (some 40) are stored besides.
    slope
        The leaky ReLU's: phi(u) = u for u > 0 and slope u for u < 0; 0 is the ReLU. At most 1000 in size: the
        tangent kernel has its square, and beyond 1e6 between a neuron's two sides the slower one's digits are
        gone. Nothing is lost, since phi_slope(u) = -slope phi_(1/slope)(-u): a steep side is the other side of
        a gentle one, in other units.
    output_speed
        How much faster the output layer learns: da_j/dt is so many times what (3) says. 1e-6 to 1e6; at 0 and at
        infinity one layer rests, which is another flow.
    step_size
        For ``gradient_descent`` only: its step in the notebooks' sense, on the *mean* squared error, which is
        twice the paper's loss. One iteration advances the paper's t by 2 step_size.
    """

    method: Method = "exact"
    tolerance: Annotated[float, Field(ge=TOLERANCE.least, le=TOLERANCE.most)] = 1e-6
    end_time: Annotated[float, Field(gt=0)] | None = None
    samples: Annotated[Whole, Field(ge=SAMPLES.least, le=SAMPLES.most)] = 400
    slope: Annotated[float, Field(ge=SLOPE.least, le=SLOPE.most)] = 0.0
    output_speed: Annotated[float, Field(ge=OUTPUT_SPEED.least, le=OUTPUT_SPEED.most)] = 1.0
    step_size: Annotated[float, Field(gt=0)] = 1e-3


class AnalysisConfig(Keys):
    """``[analysis]``: what the trajectory is compared with.

    Attributes
    ----------
    epsilon
        The free constant of the paper's lemmas.
    free_bias
        Whether the minimum norm leaves the weights on the coordinate "bias" out.
    output_bias, skip
        Whether the network of minimum norm has a constant, or a linear function <v, x>, beside its neurons that
        costs nothing; the flow's network has none.
    penalty
        One number or several above 0: also find the least of loss + penalty times norm, what stopping early is
        compared with.
    """

    epsilon: Annotated[float, Field(gt=0, lt=1)] = 0.05
    free_bias: bool = False
    output_bias: bool = False
    skip: bool = False
    penalty: Penalties | None = None

    @model_validator(mode="after")
    def _one_program(self) -> AnalysisConfig:
        others = {"output_bias": self.output_bias, "skip": self.skip, "penalty": self.penalty}
        if said := [key for key, value in others.items() if self.free_bias and value]:
            raise ValueError(f"free_bias = true: allowed without analysis.{said[0]} only")
        return self


class RunConfig(Keys):
    """A whole run.

    Attributes
    ----------
    name
        The preset's name or the file's stem: the readable part of the run's identity.
    title, description
        For people.
    """

    name: str
    title: str = ""
    description: str = ""
    data: DataConfig = Field(default_factory=DataConfig)
    init: InitConfig = Field(default_factory=InitConfig)
    flow: FlowConfig = Field(default_factory=FlowConfig)
    analysis: AnalysisConfig = Field(default_factory=AnalysisConfig)

    def resolved(self) -> dict[str, Any]:
        """The configuration as plain data with every default, without the folders of its files."""
        values = self.model_dump(mode="json")
        for keys in tables_with_files(values):
            if keys["file"] is not None:
                keys["file"] = Path(keys["file"]).name
        return values

    def run_id(self, schema_version: str) -> str:
        """``name`` and 12 hexadecimal digits of the hash of everything that determines the run."""
        return run_identity(self.resolved(), schema_version)


TABLES: dict[str, type[Keys]] = {
    "data": DataConfig, "init": InitConfig, "flow": FlowConfig, "analysis": AnalysisConfig,
}  # fmt: skip
LATER = {
    "data": frozenset({"names", "test", "noise", "spread", "function", "digits"}),
    "init": frozenset({"log10_output_scale", "distribution", "antisymmetric", "from_run", "from_time"}),
    "flow": frozenset({"output_speed"}),
    "analysis": frozenset({"output_bias", "skip", "penalty"}),
}
"""Keys that were added after runs had been named: at their defaults they are no part of a name."""


def _says_nothing(table: str, key: str, value: Any) -> bool:
    return key in LATER.get(table, ()) and value == TABLES[table].model_fields[key].default


def stated(resolved: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The tables of a configuration without the later keys that say nothing: what names are made of."""
    return {
        table: {key: value for key, value in dict(resolved[table]).items() if not _says_nothing(table, key, value)}
        for table in TABLES
    }


def run_identity(resolved: Mapping[str, Any], schema_version: str) -> str:
    """Name a run by its configuration as it stands in a manifest, of this version or an older one.

    Raises
    ------
    KeyError, TypeError
        If it is none.
    """
    identity = stated(resolved)
    if isinstance(identity["data"].get("test"), Mapping):
        identity["data"]["test"] = dict(identity["data"]["test"])  # not the manifest's own
    for keys in tables_with_files(identity):
        keys["file"] = None  # its content determines the run, not what it is called
    text = json.dumps(identity | {"schema": schema_version}, sort_keys=True, separators=(",", ":"))
    return f"{resolved['name']}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
