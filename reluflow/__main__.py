"""``python -m reluflow`` is the command ``reluflow``."""

import runpy

if __name__ == "__main__":
    runpy.run_module("pipeline.cli", run_name="__main__")
