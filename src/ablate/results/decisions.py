"""``ablate leaderboard --decisions``: every strategy under every decision rule.

All rules are read off the same trained models: a difference along a row is one of thresholds, a difference along a
column one of training. Unlike the board, rows here raise different numbers of alarms, which is why they are shown.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from ablate.errors import AblateError, near
from ablate.results.columns import NONE, amount
from ablate.results.confirmed import confirmed, finished
from ablate.results.folder import Read, read, say_skipped
from ablate.results.formats import WIDTH
from ablate.results.record import Body, sorted_json
from ablate.results.rows import mean_of
from ablate.results.terminal import width_of

RULES = {
    "native": "a label where the model's own probability exceeds one half",
    "one-cut": "one cut for all labels, at the alarm budget",
    "prior-adjusted": "one cut on prior-adjusted scores, at the alarm budget",
    "label-cuts": "a cut for each label, that of its best F1, shrunk where it has few positives",
    "top-labels": "as many labels for each document as a training document has on average",
    "precision-floor": "the lowest cut at which half of the alarms are right",
}
"""The rules by their names in records, in the order of the table; each is fitted on validation and read on test."""

FIGURES = ("macro_recall", "micro_recall", "alarms_per_document")

Table = dict[str, Any]


def decisions(found: Read) -> Table:
    """Macro and micro recall and alarms per document under each rule, each a mean over the runs that count.

    ``rows`` stand in the order of the board; those of ``unrecorded`` have finished runs that hold no decisions.
    """
    rows: list[dict[str, Any]] = []
    unrecorded: list[str] = []
    for line in found.board["rows"]:
        arm = line["strategy"]
        runs = finished(confirmed(_of(found.bodies, arm))[0])
        told = [b["decisions"] for b in runs if b.get("decisions")]
        if told:
            rows.append({"strategy": arm, "runs": len(told), "rules": {name: _figures(told, name) for name in RULES}})
        elif runs:
            unrecorded.append(arm)
    return {
        "study": found.board["study"],
        "rules": RULES,
        "figures": list(FIGURES),
        "rows": rows,
        "unrecorded": unrecorded,
    }


def _of(bodies: Sequence[Body], arm: str) -> list[Body]:
    return sorted((b for b in bodies if b["arm"] == arm), key=lambda b: (b["identity"]["seed"], b["key"]))


def _figures(told: Sequence[dict[str, Any]], rule: str) -> dict[str, Any] | None:
    """The figures of one rule; None where a run lacks it."""
    if any(rule not in one for one in told):
        return None
    means: dict[str, Any] = mean_of([one[rule] for one in told])
    return {name: means.get(name) for name in FIGURES}


def text(table: Table, width: int = WIDTH) -> str:
    """A plain table at most ``width`` characters wide: rules that do not fit side by side stand below."""
    blocks = [_block(table, rules) for rules in _fitting(table, width)]
    told = [part for note in notes(table) for part in textwrap.wrap(note, max(width, 20))]
    return "\n\n".join([*(blocks if table["rows"] else []), "\n".join(told)]) + "\n"


def markdown(table: Table) -> str:
    """A table to paste."""
    head = "| strategy | " + " | ".join(RULES) + " |"
    rule = "| :-- |" + " --: |" * len(RULES)
    lines = [
        "| " + " | ".join([_plain(r["strategy"]), *(cell(r, name) for name in RULES)]) + " |" for r in table["rows"]
    ]
    shown = ["\n".join([head, rule, *lines])] if table["rows"] else []
    return "\n\n".join([*shown, "\n".join(f"- {_plain(note)}" for note in notes(table))]) + "\n"


def to_json(table: Table) -> str:
    """Sorted keys, so that the same records give the same bytes."""
    return sorted_json(table)


def cell(row: dict[str, Any], rule: str) -> str:
    """``macro/micro/alarms`` of a row under a rule: recall in points, alarms per document."""
    found = row["rules"][rule]
    if found is None:
        return NONE
    macro, micro, alarms = (found[name] for name in FIGURES)
    return "/".join((*(NONE if v is None else amount(100 * v) for v in (macro, micro)), amount(alarms)))


def notes(table: Table) -> list[str]:
    """What the figures are, what the rules are, and which rows are missing."""
    rules = "; ".join(f"{name}: {what}" for name, what in RULES.items())
    told = [f"Macro recall / micro recall / alarms per document, mean over runs. {rules[0].upper()}{rules[1:]}."]
    if not table["rows"]:
        told = ["No record of this study holds decisions."]
    if table["unrecorded"]:
        told.append(
            f"Without decisions in their records (controls, or runs made before decisions were recorded): "
            f"{', '.join(table['unrecorded'])}."
        )
    return told


def show(folder: Path, format: str) -> None:
    """Print the table of an output folder.

    Raises:
        AblateError: the folder holds no study, or the format is unknown.
    """
    if format not in FORMATS:
        raise AblateError(
            f"unknown format '{format}' with --decisions{near(format, list(FORMATS))} (known: {', '.join(FORMATS)})"
        )
    found = read(folder)
    say_skipped(found)
    table = decisions(found)
    sys.stdout.write(text(table, width_of(Console())) if format == "table" else FORMATS[format](table))


FORMATS: dict[str, Callable[[Table], str]] = {"table": text, "md": markdown, "json": to_json}


def _fitting(table: Table, width: int) -> list[list[str]]:
    """The rules in groups that stand side by side."""
    groups: list[list[str]] = [[]]
    for name in RULES:
        if groups[-1] and _wide(table, [*groups[-1], name]) > width:
            groups.append([])
        groups[-1].append(name)
    return groups


def _wide(table: Table, rules: Sequence[str]) -> int:
    return max(map(len, _block(table, rules).splitlines()))


def _block(table: Table, rules: Sequence[str]) -> str:
    lines = [["strategy", *rules], *([r["strategy"], *(cell(r, name) for name in rules)] for r in table["rows"])]
    first, *sizes = [max(len(line[i]) for line in lines) for i in range(len(rules) + 1)]
    return "\n".join(
        " ".join([line[0].ljust(first), *(c.rjust(s) for c, s in zip(line[1:], sizes, strict=True))]) for line in lines
    )


def _plain(cell: str) -> str:
    return cell.replace("|", "\\|").replace("*", "\\*")
