"""The whole configuration of a run: read from a preset or a TOML file, overridden key by key, checked once.

In comes a name or a path with overrides; out goes one frozen :class:`RunConfig`, whose hash names the run. A
preset is a file like the user's own. Each default stands in the table of its key (``data_table``, ``init_table``,
``tables``) and nowhere else. The numbers of a file that a configuration names are read here too, for whichever
stage wants them. Knows no stage and no catalog.
"""

from pipeline.configuration.arrays import Arrays, described, npy_array, npz_arrays, one_row, torch_arrays
from pipeline.configuration.bounds import decode_text, parse_toml, read_bytes
from pipeline.configuration.data_table import TEACHERS, DataConfig
from pipeline.configuration.explaining import explain
from pipeline.configuration.files import read_pinned
from pipeline.configuration.init_table import InitConfig
from pipeline.configuration.loading import (
    DATA_FILES,
    as_config,
    as_table,
    load_config,
    override,
    parse_override,
    read_toml,
    run_name,
)
from pipeline.configuration.tables import METHODS, AnalysisConfig, FlowConfig, RunConfig, run_identity, stated
from pipeline.configuration.titles import presets
from pipeline.configuration.weights import (
    SCALED,
    WEIGHT,
    GivenWeights,
    hidden_and_output,
    names_of_layers,
    network_arrays,
    open_arrays,
    read_weights,
)

__all__ = [
    "DATA_FILES",
    "METHODS",
    "SCALED",
    "TEACHERS",
    "WEIGHT",
    "AnalysisConfig",
    "Arrays",
    "DataConfig",
    "FlowConfig",
    "GivenWeights",
    "InitConfig",
    "RunConfig",
    "as_config",
    "as_table",
    "decode_text",
    "described",
    "explain",
    "hidden_and_output",
    "load_config",
    "names_of_layers",
    "network_arrays",
    "npy_array",
    "npz_arrays",
    "one_row",
    "open_arrays",
    "override",
    "parse_override",
    "parse_toml",
    "presets",
    "read_bytes",
    "read_pinned",
    "read_toml",
    "read_weights",
    "run_identity",
    "run_name",
    "stated",
    "torch_arrays",
]
