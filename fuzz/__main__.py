"""``python -m fuzz [--cases N] [--seed N] [--out FOLDER]``: broken input of four kinds, and what came of it."""

from __future__ import annotations

import argparse
import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ablate.results.whole import write_whole
from fuzz.kinds import kinds
from fuzz.run import Outcome, run

OUT = Path("results/reliability")
SOURCE = Path("results/quickstart")
STRATEGIES = ("baseline", "pos-weight-sqrt", "prior-only", "bayes-ceiling")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m fuzz")
    parser.add_argument("--cases", type=int, default=10_400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=OUT, help="folder of the report")
    parser.add_argument("--study", type=Path, default=SOURCE, help="study folder whose records are broken, in a copy")
    given = parser.parse_args()
    found = {k.name: run(k, round(k.share * given.cases), given.seed) for k in kinds(given.study, STRATEGIES)}
    write(found, given.seed, given.out)
    for name, one in found.items():
        print(f"{name}: {one.worked} worked, {one.refused} refused, {len(one.findings)} findings, {one.seconds:.0f} s")
        for finding, case in one.findings.items():
            print(f"  {finding}\n    {case}")
    sys.exit(1 if any(one.findings for one in found.values()) else 0)


def write(found: dict[str, Outcome], seed: int, out: Path) -> None:
    """As JSON and as Markdown."""
    table: dict[str, Any] = {
        name: {
            "cases": one.worked + one.refused + len(one.findings),
            "worked": one.worked,
            "refused": one.refused,
            "kinds of refusal": len(one.lines),
            "findings": list(one.findings),
            "seconds": round(one.seconds),
        }
        for name, one in found.items()
    }
    packages = {name: version(name) for name in ("ablate", "hypothesis", "pydantic", "pyarrow")}
    body = {"seed": seed, "packages": packages, "kinds": table}
    write_whole(out / "fuzz.json", (json.dumps(body, indent=2) + "\n").encode())
    rows = [
        f"| {name} | {one['cases']:,} | {one['worked']:,} | {one['refused']:,} | {one['kinds of refusal']} | "
        f"{len(one['findings'])} | {one['seconds']} |"
        for name, one in table.items()
    ]
    head = ["| what | cases | worked | refused in one line | beginnings of refusals | tracebacks or hangs | seconds |"]
    text = ["# Broken input", "", f"Made by `make fuzz`, seed {seed}.", "", *head, "| --- " * 7 + "|", *rows, ""]
    write_whole(out / "fuzz.md", "\n".join(text).encode())


if __name__ == "__main__":
    main()
