"""What leaves a page as a file: figures, an animation, numbers, a configuration, a page that needs no server.

In comes the labelled tree of a run, published or just computed; out go the bytes of a file. ``pictures`` are
``pipeline.figures``, ``selection`` is CSV, ``preset`` TOML, ``standalone`` HTML; ``published`` are the catalog's
own exports. Each is a pure function; nothing here knows a widget or an address. Names are imported on first use:
the catalog's page, which draws nothing, answers 2 s of processor time earlier without Matplotlib and the solver.
"""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from dashboards.exports.pictures import animation_file as animation_file
    from dashboards.exports.pictures import figure_file as figure_file
    from dashboards.exports.preset import preset_toml as preset_toml
    from dashboards.exports.published import LARGEST_BYTES as LARGEST_BYTES
    from dashboards.exports.published import exported_runs as exported_runs
    from dashboards.exports.selection import selection_csv as selection_csv
    from dashboards.exports.standalone import standalone_page as standalone_page


__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "pictures": ["animation_file", "figure_file"],
        "preset": ["preset_toml"],
        "published": ["LARGEST_BYTES", "exported_runs"],
        "selection": ["selection_csv"],
        "standalone": ["standalone_page"],
    },
)
