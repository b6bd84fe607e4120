"""``python -m tests.mutants``: put faults into the core, one by one, and see whether its tests notice.

Not a part of the tests: a survivor is a question to a person (an equivalent mutant, or a test that is missing), so
this ends with status 0 unless the tests fail without any fault.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.mutants.core import CORE
from tests.mutants.trial import copy_tree, examine

REPOSITORY = Path(__file__).parents[2]


def main() -> int:
    """Print the table, each module as it is done."""
    asked = argparse.ArgumentParser(prog="python -m tests.mutants", description="Can the core's tests fail?")
    asked.add_argument("--only", metavar="FILE", help="only modules whose path has this in it")
    asked.add_argument("--count", type=int, default=4, help="mutants of each module (default: %(default)s)")
    asked.add_argument("--seed", type=int, default=0, help="which mutants are drawn (default: %(default)s)")
    given = asked.parse_args()
    chosen = [module for module in CORE if given.only is None or given.only in module.path]
    if given.count < 1 or not chosen:
        known = ", ".join(module.path for module in CORE)
        asked.error(f"--count {given.count} must be 1 or more, and --only one of: {known}")
    failed = 0
    print(f"{'module':40} {'mutants':>7} {'killed':>6} {'survived':>8} {'seconds':>7}", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        copy_tree(REPOSITORY, Path(scratch))
        for module in chosen:
            verdict = examine(module, Path(scratch), given.count, given.seed)
            failed += not verdict.tried
            left, name = len(verdict.survivors), module.path
            if verdict.tried:
                killed = verdict.number - left
                print(f"{name:40} {verdict.number:7} {killed:6} {left:8} {verdict.seconds:7.0f}", flush=True)
            else:
                print(f"{name:40} not tried: its tests fail without a mutant", flush=True)
            for mutant in verdict.survivors:
                there = (REPOSITORY / name).read_text().splitlines()[mutant.line - 1].strip()
                print(
                    f"    {mutant.line}:{mutant.column}: {mutant.before}  ->  {mutant.after}  in  {there}",
                    flush=True,
                )
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
