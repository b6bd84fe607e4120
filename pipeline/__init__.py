"""The pipeline: from a configuration to a labelled, checked run.

The stages, in the order in which a number flows through them: ``configuration`` -> ``data`` -> ``flow`` ->
``phases`` -> ``minimal_norm`` -> ``statements``. Each takes and returns labelled datasets and knows no catalog and
no file; ``workflow`` strings them together, ``figures`` draws them, ``report`` and ``commands``
talk to a person.
Only those last know the catalog. Names are imported on first use, so that ``reluflow --help`` answers at once.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["figures"],
    submod_attrs={
        "configuration": ["RunConfig", "load_config"],
        "data": ["data_set", "generate_data"],
        "inputs.errors": ["RequestError"],
        "flow": [
            "follow_flow",
            "given_start",
            "initialise",
            "limit_beside",
            "limit_process",
            "measure_limit",
            "simulate",
            "start",
            "start_from",
        ],
        "minimal_norm": ["compare", "minimal_norm", "penalised_minimum", "vanishing_penalty"],
        "network.prediction": ["predict"],
        "network.samples": ["weights"],
        "phases": [
            "extremal_directions",
            "find_clusters",
            "find_plateaus",
            "hessian_spectra",
            "label_phases",
            "learned_function",
            "measure_alignment",
            "predict_alignment",
            "tangent_kernel_spectrum",
        ],
        "statements": [
            "add_rows",
            "check_small_start",
            "check_statements",
            "in_digits",
            "printed_sides",
            "statement_rows",
            "statement_times",
        ],
        "sweep": ["load_sweep", "run_sweep"],
        "theory": [
            "LADDER_STEPS",
            "kept_ladder",
            "kept_limit",
            "kept_minimum",
            "ladder_law",
            "limit_law",
            "limit_problem",
            "minimum_law",
            "published_ladder",
        ],
        "workflow.computation": ["run"],
        "workflow.named_runs": ["open_run"],
        "workflow.run_html": ["run_as_html"],
        "workflow.small_start": ["alignment_of"],
        "workflow.weight_files": ["save_weights"],
        "workflow.whole_runs": ["fit"],
    },
)
