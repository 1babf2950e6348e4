"""``ablate gap``: the decomposition on the screen or as a document."""

from __future__ import annotations

import csv
import io
import json
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from ablate.errors import AblateError, near
from ablate.results.columns import amount, points, with_interval
from ablate.results.decomposition import (
    DATA,
    DECISION,
    IRREDUCIBLE,
    LUMP,
    MODEL,
    NAMES,
    Decomposition,
    Gap,
    Split,
    decompose,
    measured_on,
)
from ablate.results.decomposition_curve import Curve, learning_curves
from ablate.results.decomposition_shares import read_shares
from ablate.results.folder import Read, read, say_skipped
from ablate.results.formats import WIDTH
from ablate.results.record import rounded
from ablate.results.story import headline
from ablate.results.terminal import width_of

RANGES = {"rare": "under 10", "few": "10-99", "medium": "100-9,999", "head": "10,000 and more"}
"""Training positives of each bucket."""

HEADS = NAMES | {DATA: "too few\nexamples", LUMP: "data, training\nand model"}
"""Terms as headings of columns, on one line or two."""

Parts = tuple[Read, Decomposition, list[Curve]]
Table = list[list[str]]


def show(folders: Sequence[Path], format: str) -> None:
    """Print the decomposition of the first folder; with more, also the learning curve over all of them.

    Raises:
        AblateError: a folder holds no study, the studies are of different data, or the format is unknown.
    """
    if format not in FORMATS:
        raise AblateError(f"unknown format '{format}'{near(format, list(FORMATS))} (known: {', '.join(FORMATS)})")
    studies = [read(folder) for folder in folders]
    for study in studies:
        say_skipped(study)
    found = decompose(studies[0].board, read_shares(studies[0].board, studies[0].bodies, studies[0].records))
    if not found.rows:
        raise AblateError(f"'{folders[0]}' has no finished record; run: python -m ablate study {folders[0]}/study.toml")
    parts = (studies[0], found, learning_curves(studies))
    sys.stdout.write(text(parts, width_of(Console())) if format == "table" else FORMATS[format](parts))


def text(parts: Parts, width: int = WIDTH) -> str:
    """Tables and notes in at most ``width`` characters a line; a terminal too narrow gets terms without intervals."""
    study, found, curves = parts
    whole, bare = (_lines(_rows(found, intervals), width) for intervals in (True, False))
    said = [_wrap(_title(study), width), "\n".join(whole if max(map(len, whole)) <= width else bare)]
    said += ["\n".join([title, *_lines(table, width)]) for title, table in _more(found, curves)]
    return "\n\n".join([*said, "\n".join(_wrap(note, width) for note in notes(found, curves))]) + "\n"


def markdown(parts: Parts) -> str:
    """The same to paste."""
    study, found, curves = parts
    said = [_title(study), _pasted(_rows(found))]
    for title, table in _more(found, curves):
        said += [f"**{title}**", _pasted(table)]
    return "\n\n".join([*said, "\n".join(f"- {note}" for note in notes(found, curves))]) + "\n"


def to_csv(parts: Parts) -> str:
    """One line per row, bucket (``all`` first) and term (``missing`` first), as shares; without the learning curve."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(("strategy", "bucket", "labels", "term", "mean", "low", "high"))
    for row in parts[1].rows:
        for bucket, split in {"all": row.whole, **row.buckets}.items():
            for term, value in {"missing": split.missing, **split.terms}.items():
                writer.writerow((row.strategy, bucket, split.labels, term, value.mean, value.low, value.high))
    return buffer.getvalue()


def to_json(parts: Parts) -> str:
    """Everything, nested."""
    study, found, curves = parts
    whole = {"study": study.board["study"], **as_json(found), "learning_curve": [asdict(curve) for curve in curves]}
    return json.dumps(rounded(whole), indent=1, allow_nan=False, ensure_ascii=False) + "\n"


FORMATS: dict[str, Callable[[Parts], str]] = {"table": text, "md": markdown, "csv": to_csv, "json": to_json}


def as_json(found: Decomposition) -> dict[str, Any]:
    """The decomposition as JSON: what it was measured on, and every row with its buckets."""
    return {
        "measured_on": measured_on(found.drawn),
        "truth_known": found.known,
        "rows": [asdict(row) for row in found.rows],
    }


def notes(found: Decomposition, curves: Sequence[Curve]) -> list[str]:
    """What the figures rest on, and what they cannot say."""
    said = [
        "In points of macro recall, each with its 95 % interval (seeds, and documents label by label, added up); the "
        "terms of a row add up to what is missing. Read on "
        + (
            "documents drawn given each label, the cut taken from the test documents as it is."
            if found.drawn
            else "the test documents."
        )
    ]
    if once := [row.strategy for row in found.rows if row.runs == 1]:
        said.append(f"One run each, so documents only: {', '.join(once)}.")
    if found.known:
        said.append(
            "Irreducible: what the exact posterior misses at the same alarms. Too few examples: what is lost by who "
            "knows the law of the texts and learns from the training documents. Training/model: from there to the "
            "row, which may lie above it (negative)."
        )
    else:
        said.append(
            "The truth of these data is not known: data, training and model together, not separable here, with what "
            "nobody could find."
        )
        if not curves:
            said.append(
                "No learning curve: run the study again with a smaller --documents and another --out, and give both "
                "folders, to see what documents bring."
            )
    said.append("Decision rule: from 0.5 to the budget; negative where 0.5 raises more alarms than the budget allows.")
    if curves:
        said.append(
            "A smaller study keeps the tail and has test documents of its own; its rare labels lose fewer examples "
            "than its frequent ones."
        )
    return [*said, *largest(found)]


def largest(found: Decomposition) -> list[str]:
    """Which term is the largest that can be mended, for the row that advice is given for."""
    row = found.driver
    if row is None or row.whole.mendable is None:
        return []
    term = row.whole.mendable
    return [
        f"Largest term that can be mended, for {row.strategy}: {NAMES[term]}, {points(row.whole.terms[term].mean)}."
    ]


def _title(study: Read) -> str:
    return f"What is missing of macro recall at 0.5, and why. {headline(study.board)}"


def _rows(found: Decomposition, intervals: bool = True) -> Table:
    terms = (IRREDUCIBLE, DATA, MODEL, DECISION) if found.known else (LUMP, DECISION)
    head = ["strategy", "missing", *(HEADS[term] for term in terms), "alarms\nat 0.5"]
    body = [
        [
            row.strategy,
            points(row.whole.missing.mean),
            *(
                with_interval(asdict(row.whole.terms[t])) if intervals else points(row.whole.terms[t].mean)
                for t in terms
            ),
            amount(row.alarms_at_half),
        ]
        for row in found.rows
    ]
    return [head, *body]


def _more(found: Decomposition, curves: Sequence[Curve]) -> Iterator[tuple[str, Table]]:
    row = found.driver
    if row is not None and row.buckets:
        yield f"{row.strategy}, by training positives of a label", _by_bucket(row)
    if curves:
        yield "Macro recall at budget by training documents", _by_size(curves)


def _by_bucket(row: Gap) -> Table:
    terms = list(row.whole.terms)
    head = ["training positives", "labels", "missing", *(HEADS[term] for term in terms)]
    return [head, *([RANGES[name], *_cells(split)] for name, split in row.buckets.items())]


def _cells(split: Split) -> list[str]:
    return [str(split.labels), points(split.missing.mean), *(points(term.mean) for term in split.terms.values())]


def _by_size(curves: Sequence[Curve]) -> Table:
    sizes = sorted({point.documents for curve in curves for point in curve.points})
    head = ["strategy", *(f"{size:,}" for size in sizes), "each doubling"]
    body = []
    for curve in curves:
        known = {point.documents: points(point.macro.mean) for point in curve.points}
        change = with_interval(asdict(curve.per_doubling), sign=True)
        body.append([curve.strategy, *(known.get(size, "-") for size in sizes), change])
    return [head, *body]


def _lines(table: Table, width: int) -> list[str]:
    """Columns set side by side; names are cut rather than that a line grows too long."""
    head, *body = table
    upper = [cell.split("\n")[0] if "\n" in cell else "" for cell in head]
    lines = [line for line in (upper, [cell.split("\n")[-1] for cell in head], *body) if any(line)]
    sizes = [max(len(line[i]) for line in lines) for i in range(len(head))]
    sizes[0] = max(8, sizes[0] - max(0, sum(sizes) + len(sizes) - 1 - width))
    return [_line(line, sizes) for line in lines]


def _line(cells: Sequence[str], sizes: Sequence[int]) -> str:
    numbers = (cell.rjust(size) for cell, size in zip(cells[1:], sizes[1:], strict=True))
    return " ".join([_cut(cells[0], sizes[0]).ljust(sizes[0]), *numbers]).rstrip()


def _cut(text: str, size: int) -> str:
    return text if len(text) <= size else text[: size - 1] + "~"


def _pasted(table: Table) -> str:
    rule = "|" + "|".join([" :-- ", *(" --: " for _ in table[0][1:])]) + "|"
    head, *body = ("| " + " | ".join(_escaped(cell) for cell in line) + " |" for line in table)
    return "\n".join([head, rule, *body])


def _escaped(cell: str) -> str:
    return cell.replace("\n", " ").replace("\\", "\\\\").replace("|", "\\|")


def _wrap(text: str, width: int) -> str:
    return textwrap.fill(text, max(width, 20), break_on_hyphens=False)
