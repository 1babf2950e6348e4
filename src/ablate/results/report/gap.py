"""Why macro recall at 0.5 is low: the terms of the decomposition as stacked bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

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
    decompose,
    measured_on,
)
from ablate.results.decomposition_shares import read_shares
from ablate.results.report.axes import Panel, Scale
from ablate.results.report.drawing import (
    ACCENT,
    CONTEXT,
    GRID,
    INK,
    MUTED,
    PAPER,
    SECOND,
    SMALL,
    TEXT,
    Drawing,
    Label,
    Mark,
    Path,
    box,
    breadth,
    cut,
)
from ablate.results.report.figure import WIDE, Figure, Numbers
from ablate.results.report.material import Material

LINE, THICK = 30.0, 18.0  # pixels of a row, and of its bar
PAINT: Mapping[str, tuple[str, float, str]] = {
    IRREDUCIBLE: (CONTEXT, 0.4, INK),
    DATA: (ACCENT, 0.35, INK),
    MODEL: (ACCENT, 1.0, PAPER),
    LUMP: (ACCENT, 1.0, PAPER),
    DECISION: (SECOND, 1.0, PAPER),
}
"""Tone and opacity of a term's bar, and the tone of a number on it."""


def figure(material: Material) -> Figure | None:
    """The decomposition of every row; None where no run has finished."""
    found = material.found
    gaps = decompose(found.board, read_shares(found.board, found.bodies, found.records))
    if not gaps.rows:
        return None
    terms = list(gaps.rows[0].whole.terms)
    return Figure(
        "gap",
        "Why recall at 0.5 is low",
        _caption(gaps),
        " ".join(_words(row) for row in gaps.rows),
        lambda width: draw(gaps.rows, terms, width),
        Numbers(
            ("strategy", "missing at 0.5", *(f"{NAMES[term]} [95 %]" for term in terms), "alarms at 0.5, at budget"),
            [_numbers(row) for row in gaps.rows],
        ),
    )


def _caption(gaps: Decomposition) -> str:
    start = (
        f"Points of macro recall that are missing at 0.5, on {measured_on(gaps.drawn)}, as a sum; the upright line is "
        "the sum. Decision rule: what the same number of alarms for all finds beyond 0.5. "
    )
    if not gaps.known:
        return f"{start}Without the truth of the data, data, training and model cannot be told apart."
    return (
        f"{start}Irreducible: missed by the exact posterior too. Too few examples: lost by who knows the law of the "
        "texts and has the training documents. Training/model: from there to the row. A term to the left of zero is "
        "negative: a row above the learner's ceiling, or more alarms at 0.5 than the budget."
    )


def _words(row: Gap) -> str:
    terms = ", ".join(f"{NAMES[name]} {points(term.mean)}" for name, term in row.whole.terms.items())
    return f"{row.strategy}: {points(row.whole.missing.mean)} points missing: {terms}."


def _numbers(row: Gap) -> tuple[str, ...]:
    terms = (with_interval(asdict(term)) for term in row.whole.terms.values())
    alarms = f"{amount(row.alarms_at_half)}, {amount(row.alarms_at_budget)}"
    return row.strategy, points(row.whole.missing.mean), *terms, alarms


def draw(rows: Sequence[Gap], terms: Sequence[str], width: float) -> Drawing:
    """One bar for each row, on a sheet of this width."""
    size = TEXT if width >= WIDE else SMALL
    names = min(max(breadth(row.strategy, size) for row in rows) + 16, width * 0.42)
    legend = _legend(terms, width)
    top = max(mark.at[1] for mark in legend if isinstance(mark, Label)) + 18
    sheet = Drawing(width, top + LINE * len(rows) + 50, [*legend])
    ends = [_ends(row) for row in rows]
    low, high = 100 * min(left for left, _ in ends), 100 * max(right for _, right in ends)
    bottom = sheet.height - 50
    panel = Panel(Scale(low, high, names, width - 12), Scale(0, 1, bottom, top))
    sheet.extend(panel.columns(7 if width >= WIDE else 4, lines=True))
    for place, row in enumerate(rows):
        middle = top + LINE * (place + 0.5)
        sheet.add(Label((0, middle + 5), cut(row.strategy, names - 10, size), INK, size))
        _bar(sheet, panel, row, middle)
    sheet.add(Path(((panel.x(0), bottom), (panel.x(0), top - 4)), MUTED, 1.5))
    sheet.add(panel.title_x("points of macro recall missing at 0.5" if width >= WIDE else "points missing at 0.5"))
    return sheet


def _ends(row: Gap) -> tuple[float, float]:
    """Where the bar of a row ends on either side of zero; at least a point long."""
    sizes = [term.mean for term in row.whole.terms.values()]
    return sum(min(size, 0.0) for size in sizes), max(0.01, sum(max(size, 0.0) for size in sizes))


def _bar(sheet: Drawing, panel: Panel, row: Gap, middle: float) -> None:
    """Positive terms from zero to the right, negative ones to the left, in the order of the sum."""
    right = left = 0.0
    upper, lower = middle - THICK / 2, middle + THICK / 2
    sheet.add(Path(((panel.x.start, middle), (panel.x.end, middle)), GRID, 0.5))
    for name, term in row.whole.terms.items():
        size = 100 * term.mean
        start = right if size >= 0 else left
        end = start + size
        right, left = (end, left) if size >= 0 else (right, end)
        tone, opacity, ink = PAINT[name]
        ends = sorted((panel.x(start), panel.x(end)))
        hint = f"{row.strategy}, {NAMES[name]}: {with_interval(asdict(term))}"
        sheet.add(box(ends[0], upper, ends[1], lower, tone, opacity, hint))
        text = points(term.mean)
        if ends[1] - ends[0] > breadth(text, SMALL) + 4:
            sheet.add(Label(((ends[0] + ends[1]) / 2, middle + 4), text, ink, SMALL, "middle"))
    total = panel.x(100 * row.whole.missing.mean)
    sheet.add(Path(((total, upper - 3), (total, lower + 3)), INK, 2))


def _legend(terms: Sequence[str], width: float) -> list[Mark]:
    """A square and a name for each term, as many on a line as fit."""
    marks: list[Mark] = []
    left, line = 0.0, 14.0
    for name in terms:
        room = 20 + breadth(NAMES[name], SMALL) + 16
        if left > 0 and left + room > width:
            left, line = 0.0, line + 20
        tone, opacity, _ = PAINT[name]
        marks.append(box(left, line - 10, left + 12, line + 2, tone, opacity))
        marks.append(Label((left + 18, line), NAMES[name], MUTED, SMALL))
        left += room
    return marks
