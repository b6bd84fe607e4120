"""The whole configuration of a run: read from a preset or a TOML file, overridden key by key, checked once.

In comes a name or a path with overrides; out goes one frozen :class:`RunConfig`, whose hash names the run. A
preset is a file like the user's own. Each default stands in :mod:`~pipeline.configuration.tables` and nowhere
else. Knows no stage and no catalog.
"""

from pipeline.configuration.explaining import explain
from pipeline.configuration.loading import load_config, parse_override, presets, run_name
from pipeline.configuration.tables import AnalysisConfig, DataConfig, FlowConfig, InitConfig, RunConfig

__all__ = [
    "AnalysisConfig",
    "DataConfig",
    "FlowConfig",
    "InitConfig",
    "RunConfig",
    "explain",
    "load_config",
    "parse_override",
    "presets",
    "run_name",
]
