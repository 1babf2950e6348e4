"""What a cheap study says about a dear one, as a table, Markdown or JSON."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ablate.errors import AblateError, near
from ablate.results.agreement import Agreement, agreement
from ablate.results.columns import points
from ablate.results.folder import read_all, say_skipped
from ablate.results.record import sorted_json

FORMATS = ("table", "md", "json")


def show(cheap: Path, dear: Path, format: str) -> None:
    """Print how far two studies agree.

    Raises:
        AblateError: a folder holds no study, the studies share too few strategies, or the format is unknown.
    """
    if format not in FORMATS:
        raise AblateError(f"--format {format}: no such format{near(format, FORMATS)}; give table, md or json")
    one, other = read_all([cheap, dear])
    for found in (one, other):
        say_skipped(found, f" of '{found.folder}'")
    told = agreement(one, other)
    if format == "json":
        sys.stdout.write(sorted_json(as_json(told)))
    elif format == "md":
        sys.stdout.write(markdown(told))
    else:
        _print(told)


def as_json(told: Agreement) -> dict[str, Any]:
    """All of it, differences and intervals as shares."""
    return {**asdict(told), "pairs": told.pairs}


def sentences(told: Agreement) -> list[str]:
    """What the figures mean."""
    low, high = (f"{end:.2f}" for end in (told.tau.low, told.tau.high))
    said = [
        f"Kendall's tau between the differences of {len(told.differences)} strategies: {told.tau.mean:.2f} "
        f"[{low} {high}] (95 %, over strategies like these)."
    ]
    if told.itself is not None:
        said.append(
            f"Two halves of the seeds of {told.dear} agree to {told.itself:.2f}; another study can hardly agree better."
        )
    said.append(
        f"Of {told.pairs} pairs {told.dear} tells {told.apart} apart (95 %); {told.cheap} has {told.alike} of them in "
        "the same order."
    )
    if told.chosen == told.best:
        return [*said, f"Both put {told.best} first."]
    lost = f"{points(told.lost.mean)} [{points(told.lost.low)} {points(told.lost.high)}]"
    return [
        *said,
        f"Whoever takes {told.chosen}, first in {told.cheap}, has {lost} points of macro recall less in {told.dear} "
        f"than with {told.best}.",
    ]


def rows(told: Agreement) -> list[tuple[str, str, str]]:
    """Each strategy with its two differences in points, the dear study's best first."""
    order = sorted(told.differences, key=lambda name: (-told.differences[name][1], name))
    found = [(name, *told.differences[name]) for name in order]
    return [(name, points(cheap, sign=True), points(dear, sign=True)) for name, cheap, dear in found]


def markdown(told: Agreement) -> str:
    """A table to paste, with what it means."""
    lines = [f"| strategy | {told.cheap} | {told.dear} |", "| :-- | --: | --: |"]
    lines += ["| " + " | ".join(row) + " |" for row in rows(told)]
    return "\n".join([*lines, "", *sentences(told)]) + "\n"


def _print(told: Agreement) -> None:
    console = Console()
    table = Table(title="macro recall at equal alarms, points above the baseline", title_justify="left", box=None)
    table.add_column("strategy", overflow="fold")
    table.add_column(told.cheap, justify="right")
    table.add_column(told.dear, justify="right")
    for row in rows(told):
        table.add_row(*row)
    console.print(table, markup=False)
    console.print()
    for line in sentences(told):
        console.print(line, markup=False, highlight=False)
