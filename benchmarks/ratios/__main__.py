"""``python -m benchmarks.ratios [--only key,key] [--out FOLDER] [--quick]``."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.ratios import latest
from benchmarks.ratios.machine import commit, machine, versions
from benchmarks.ratios.modules import QUICK, Found, chosen, modules, run
from benchmarks.ratios.table import ordered, quantity, reached

OUT = Path("results/benchmarks")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was asked for; 1 where a module failed, 2 where a key is unknown."""
    asked = _parser().parse_args(arguments)
    only = [key for key in asked.only.split(",") if key]
    if asked.quick:
        os.environ[QUICK] = "1"
    try:
        wanted = chosen(modules(), only)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    told = {"machine": machine(), "versions": versions(), "commit": commit()}
    ratios, failed = measured(wanted, run, print)
    if asked.quick:
        print("--quick: nothing was written, and the figures mean nothing")
    elif ratios:
        earlier = latest.read(asked.out) if only else None
        if earlier and not latest.comparable(earlier, told):
            print("the earlier ratios are of another machine, version or commit, or of changed files: left out")
        latest.write(asked.out, latest.merged(earlier, told, ratios))
        print(f"written: {asked.out / 'latest.md'}, {asked.out / 'latest.json'}")
    return 1 if failed else 0


def measured(
    wanted: Sequence[Found], measure: Callable[[str], dict[str, Any]], say: Callable[[str], object]
) -> tuple[dict[str, Any], list[str]]:
    """Entries by key, and the names of the modules that failed, each said as it comes."""
    ratios: dict[str, Any] = {}
    failed: list[str] = []
    for one in wanted:
        started = time.perf_counter()
        try:
            if one.problem:
                raise RuntimeError(one.problem)
            found = measure(one.name)
        except RuntimeError as error:
            say(f"error: {one.name}: {error}")
            failed.append(one.name)
            continue
        ratios |= found
        for key in ordered(found):
            say(_line(key, found[key]))
        say(f"  {one.name} took {time.perf_counter() - started:.0f} s")
    return ratios, failed


def _line(key: str, one: dict[str, Any]) -> str:
    verdict = "reached" if reached(key, one["value"], one["goal"]) else "short"
    return f"{key}: {quantity(key, one['value'])} (goal {quantity(key, one['goal'])}), {verdict}; {one['note']}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ratios", description="Ratios to what people do today.")
    parser.add_argument("--only", default="", help="keys, with commas; kept beside earlier ones of this commit")
    parser.add_argument("--out", type=Path, default=OUT, help=f"folder of latest.json and latest.md ({OUT})")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: whether everything runs; writes nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
