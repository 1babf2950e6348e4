"""``python -m chaos [--short] [--seed N] [--out FOLDER]``: disturb a study and say what came of it."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

from chaos.chaos import disturbed, fresh, judge, undisturbed
from chaos.plan import LONG, SHORT
from chaos.report import report, write


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m chaos")
    parser.add_argument("--short", action="store_true", help="two minutes instead of up to twenty")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("results/reliability"), help="folder of the report")
    given = parser.parse_args()
    plan = SHORT if given.short else LONG
    with fresh(Path(tempfile.mkdtemp(prefix="ablate-chaos-"))) as folder:
        one = undisturbed(plan, folder)
        other, counted, log, seconds = disturbed(plan, folder, random.Random(given.seed))
        promises = judge(plan, one, other, counted, log)
    write(report(plan, given.seed, counted, log, seconds, promises), given.out)
    for promise, held in promises.items():
        print(f"{'held' if held else 'BROKEN'}: {promise}")
    print(f"{seconds:.0f} s, {counted}")
    sys.exit(0 if all(promises.values()) else 1)


if __name__ == "__main__":
    main()
