"""How the pages are built: ``make docs``. Nothing is fetched meanwhile, and a warning is an error."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version as version_of
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
# The kernels that execute the examples take the code from here too, and write into no catalog of the reader's.
os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE.parent), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)

# ... and have a profile of their own, whatever the reader's says: figures are drawn as SVG.
PROFILE = HERE / "_build" / "ipython"
os.environ["IPYTHONDIR"] = str(PROFILE)
(PROFILE / "profile_default").mkdir(parents=True, exist_ok=True)
(PROFILE / "profile_default" / "ipython_kernel_config.py").write_text(
    "c.IPKernelApp.log_level = 'ERROR'\n"  # it warns of its socket, which no other machine can reach
    "c.HistoryManager.enabled = False\n"
    "c.InlineBackend.figure_formats = {'svg'}\n"
    "c.InlineBackend.rc = {'figure.figsize': (7.2, 3.2), 'axes.spines.top': False, 'axes.spines.right': False}\n"
)

project = "reluflow"
author = "The reluflow founders"
copyright = "The reluflow founders, BSD-3-Clause"
version = release = version_of("reluflow")

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "writers.written",
    "writers.mathml",
    "writers.symbols",
]
exclude_patterns = ["_build", "writers"]

myst_enable_extensions = ["amsmath", "attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

nb_execution_mode = "cache"
nb_execution_cache_path = str(HERE / "_build" / "executed")
nb_execution_raise_on_error = True
nb_execution_timeout = 600
nb_execution_in_temp = True
nb_merge_streams = True
nb_ipywidgets_js: dict[str, dict[str, str]] = {}  # nothing from elsewhere

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_rtype = False

html_theme = "furo"
html_math_renderer = "mathml"
html_title = "reluflow"
html_static_path = ["look"]
html_css_files = ["reluflow.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#1f5f8b", "color-brand-content": "#1f5f8b"},
    "dark_css_variables": {"color-brand-primary": "#8cc4ea", "color-brand-content": "#8cc4ea"},
}
pygments_style = "tango"
pygments_dark_style = "monokai"
