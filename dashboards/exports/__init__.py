"""What leaves a page as a file: figures, an animation, numbers, a configuration, a page that needs no server.

In comes the labelled tree of a run, published or just computed; out go the bytes of a file. ``pictures`` are
``pipeline.figures``, ``selection`` is CSV, ``preset`` TOML, ``standalone`` HTML; ``published`` are the catalog's
own exports. Each is a pure function; nothing here knows a widget or an address.
"""

from dashboards.exports.pictures import animation_file, figure_file
from dashboards.exports.preset import preset_toml
from dashboards.exports.published import LARGEST_BYTES, exported_runs
from dashboards.exports.selection import selection_csv
from dashboards.exports.standalone import standalone_page

__all__ = [
    "LARGEST_BYTES",
    "animation_file",
    "exported_runs",
    "figure_file",
    "preset_toml",
    "selection_csv",
    "standalone_page",
]
