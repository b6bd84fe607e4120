"""What leaves a page as a file: figures, an animation, numbers, a configuration, a page that needs no server.

In comes the labelled tree of a run, published or just computed; out go the bytes of a file. ``pictures`` are
``pipeline.figures``, ``selection`` is CSV, ``preset`` TOML, ``standalone`` HTML; ``published`` are the catalog's
own exports. Each is a pure function; nothing here knows a widget or an address. Names are imported on first use:
the catalog's page, which draws nothing, answers 2 s of processor time earlier without Matplotlib and the solver.
"""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from dashboards.exports.curves_csv import selection_csv as selection_csv
    from dashboards.exports.figure_files import animation_file as animation_file
    from dashboards.exports.figure_files import figure_file as figure_file
    from dashboards.exports.preset_file import preset_toml as preset_toml
    from dashboards.exports.run_archive import LARGEST_BYTES as LARGEST_BYTES
    from dashboards.exports.run_archive import exported_runs as exported_runs
    from dashboards.exports.standalone_page import standalone_page as standalone_page


__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "figure_files": ["animation_file", "figure_file"],
        "preset_file": ["preset_toml"],
        "run_archive": ["LARGEST_BYTES", "exported_runs"],
        "curves_csv": ["selection_csv"],
        "standalone_page": ["standalone_page"],
    },
)
