"""Several studies side by side, as text, Markdown, CSV, JSON and LaTeX."""

from __future__ import annotations

import csv
import io
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ablate.results.across import ENOUGH, KINDS, Table
from ablate.results.columns import NONE, points, with_interval
from ablate.results.formats import escape_latex, escape_markdown
from ablate.results.record import sorted_json

WIDTH = 100


def text(table: Table, width: int = WIDTH) -> str:
    """Plain tables at most ``width`` characters wide: columns that do not fit stand in another one below."""
    lead = _lead(table)
    around = max(width, 40)
    blocks = ["\n".join(_block(table, lead, some)) for some in _fitting(table, lead, around)]
    notes = [part for note in notes_of(table) for part in textwrap.wrap(note, around)]
    return "\n\n".join([*blocks, "\n".join(notes)]) + "\n"


def _lead(table: Table) -> list[tuple[str, str]]:
    """Average rank and name of each row, under their headings."""
    return [("rank", "strategy"), *((_rank(row), row["strategy"]) for row in table["rows"])]


def _rank(row: Mapping[str, Any]) -> str:
    average = row["average_rank"]
    return NONE if average is None else f"{average:.2f}".rstrip("0").rstrip(".")


def _sizes(table: Table, name: str) -> int:
    return max(len(name), *(len(cell(row["cells"][name])) for row in table["rows"]), 0)


def _fitting(table: Table, lead: Sequence[tuple[str, str]], width: int) -> list[list[str]]:
    """The columns in groups that stand side by side beside ``lead``."""
    taken = sum(max(len(part[i]) for part in lead) + 2 for i in (0, 1))
    groups: list[list[str]] = [[]]
    for name in (column["name"] for column in table["columns"]):
        used = taken + sum(_sizes(table, one) + 2 for one in (*groups[-1], name)) - 2
        if groups[-1] and used > width:
            groups.append([])
        groups[-1].append(name)
    return groups


def _block(table: Table, lead: Sequence[tuple[str, str]], names: Sequence[str]) -> list[str]:
    left = [max(len(part[i]) for part in lead) for i in (0, 1)]
    cells = [list(names), *([cell(row["cells"][name]) for name in names] for row in table["rows"])]
    sizes = [max(len(line[i]) for line in cells) for i in range(len(names))]
    lines, kind = [], KINDS[0]
    for place, (first, line) in enumerate(zip(lead, cells, strict=True)):
        if place and table["rows"][place - 1]["kind"] != kind:
            kind = table["rows"][place - 1]["kind"]
            lines.append(f"-- {kind}s")
        told = [
            first[0].rjust(left[0]),
            first[1].ljust(left[1]),
            *(c.ljust(s) for c, s in zip(line, sizes, strict=True)),
        ]
        lines.append("  ".join(told).rstrip())
    return lines


def cell(found: Mapping[str, Any] | None) -> str:
    """Macro recall, its difference to the baseline with its interval, and the marks: ``39.1 +3.8 [2.0 5.6] *=``."""
    if found is None or found["macro_recall_at_budget"] is None:
        return NONE
    level = points(found["macro_recall_at_budget"]["mean"])
    change = found["delta_macro"]
    told = [level] if change is None or change["low"] == change["high"] else [level, with_interval(change, sign=True)]
    marks = ("*" if found["better"] else "") + ("=" if found["tied_with_leader"] else "")
    return " ".join([*told, *([marks + "!"] if found["costs_micro"] else [marks] if marks else [])])


def notes_of(table: Table) -> list[str]:
    """What the columns are of, what the marks mean, and what is said across data sets."""
    columns = [
        f"{column['name']}: study {column['study'] or 'without a name'}"
        + ("" if column["documents"] is None else f", {column['documents']:,} documents, {column['labels']} labels")
        + ("" if column["alarms_per_document"] is None else f", {column['alarms_per_document']:.3g} alarms a document")
        + "."
        for column in table["columns"]
    ]
    chosen = [f"Rows tagged {' or '.join(table['tags'])}, with what they are held against."] if table["tags"] else []
    return [
        *columns,
        *chosen,
        "Macro recall at budget and its difference to the baseline of the same study with its paired 95 % interval, in "
        "points. * better than the baseline and = not to be told from the leader, each in simultaneous intervals of "
        "that study; ! costs micro recall.",
        _ranked(table),
        *_unranked(table),
        _tested(table),
    ]


def _ranked(table: Table) -> str:
    count = sum(row["average_rank"] is not None for row in table["rows"])
    if not count:
        return "No average rank: no strategy is ranked in every column."
    sets, columns = table["datasets"], len(table["columns"])
    of = f"{sets} data set{'s' * (sets > 1)}"
    once = "" if sets == columns else f" ({columns} columns; those of one data set are averaged first)"
    return f"rank: average over {of}{once} of the rank among the {count} strategies that every column ranks."


def _unranked(table: Table) -> list[str]:
    """Why strategies have no average rank, those in a like case together."""
    cases: dict[str, list[str]] = {}
    for row in table["rows"]:
        if row["kind"] != KINDS[0] or row["average_rank"] is not None:
            continue
        by_reason: dict[str, list[str]] = {}
        for column, reason in row["unranked"].items():
            by_reason.setdefault(reason, []).append(column)
        told = "; ".join(f"{reason} in {' and '.join(where)}" for reason, where in by_reason.items())
        cases.setdefault(told, []).append(row["strategy"])
    return [f"No average rank, {told}: {', '.join(names)}." for told, names in cases.items()]


def _tested(table: Table) -> str:
    if table["datasets"] < ENOUGH:
        return f"Fewer than {ENOUGH} data sets: no test across them; read the intervals of each."
    test = table["test"]
    if test is None:
        return "No test across data sets: there is no baseline, or nothing to hold against it, in every column."
    told = ", ".join(f"{name} {value:.3f}" for name, value in test["against_baseline"].items())
    friedman = "" if test["friedman"] is None else f"Friedman's test of the ranks: p = {test['friedman']:.3f}. "
    return f"{friedman}Across data sets against the baseline, Wilcoxon's signed ranks, p by Holm: {told}."


def markdown(table: Table) -> str:
    """One table to paste."""
    head = ["rank", "strategy", *(column["name"] for column in table["columns"])]
    lines = [head, *_cells(table)]
    told = ["| " + " | ".join(map(escape_markdown, line)) + " |" for line in lines]
    rule = "| --: | :-- |" + " :-- |" * len(table["columns"])
    notes = "\n".join(f"- {escape_markdown(note)}" for note in notes_of(table))
    return "\n".join([told[0], rule, *told[1:]]) + f"\n\n{notes}\n"


def latex(table: Table) -> str:
    """A ``tabular`` that needs no package."""
    head = ["rank", "strategy", *(column["name"] for column in table["columns"])]
    told = [" & ".join(map(escape_latex, line)) + " \\\\" for line in (head, *_cells(table))]
    shape = "rl" + "l" * len(table["columns"])
    return "\n".join([f"\\begin{{tabular}}{{{shape}}}", "\\hline", told[0], "\\hline", *told[1:], "\\hline",
                      "\\end{tabular}"]) + "\n"  # fmt: skip


def _cells(table: Table) -> Iterable[list[str]]:
    names = [column["name"] for column in table["columns"]]
    for row in table["rows"]:
        yield [_rank(row), row["strategy"], *(cell(row["cells"][name]) for name in names)]


def to_csv(table: Table) -> str:
    """One line per strategy; under ``COLUMN.figure`` the figures of each study."""
    lines = list(_figures(table))
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(lines[0]) if lines else ["strategy"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return buffer.getvalue()


def _figures(table: Table) -> Iterable[dict[str, Any]]:
    for row in table["rows"]:
        line = {key: row[key] for key in ("strategy", "kind", "average_rank")}
        for name, found in row["cells"].items():
            line |= {f"{name}.{key}": value for key, value in figures(found).items()}
        yield line


def figures(found: Mapping[str, Any] | None) -> dict[str, Any]:
    """A cell as numbers side by side; None where there is nothing."""
    macro, change = ((found or {}).get(key) or {} for key in ("macro_recall_at_budget", "delta_macro"))
    return {
        **{f"macro_recall_{end}": macro.get(end) for end in ("mean", "low", "high")},
        "micro_recall_mean": ((found or {}).get("micro_recall_at_budget") or {}).get("mean"),
        **{f"delta_macro_{end}": change.get(end) for end in ("mean", "low", "high")},
        **{mark: (found or {}).get(mark) for mark in ("rank", "better", "tied_with_leader", "costs_micro")},
    }


def to_json(table: Table) -> str:
    """The table itself, keys sorted."""
    return sorted_json(table)


DOCUMENTS: dict[str, Callable[[Table], str]] = {"md": markdown, "csv": to_csv, "json": to_json, "tex": latex}
