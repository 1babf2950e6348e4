"""How far cheap studies order strategies as dear ones do, as a figure."""

from __future__ import annotations

from collections.abc import Sequence

from ablate.results.agreement import Agreement
from ablate.results.report.axes import Panel, Scale
from ablate.results.report.drawing import ACCENT, GRID, INK, MUTED, SMALL, Dot, Drawing, Label, breadth
from ablate.results.report.drawing import Path as Line
from ablate.results.report.figure import Figure
from evidence.tables import Pair

LINE, HEAD = 26.0, 30.0  # pixels of a pair, and of the line above those that are alike


def figure(found: Sequence[tuple[Pair, Agreement]]) -> Figure:
    """Kendall's tau of each pair with its interval."""
    words = " ".join(f"{pair.what}, {pair.cheap}: {one.tau.mean:.2f}." for pair, one in found)
    return Figure(
        "agreement", "Does a cheap study order strategies as a dear one?", "", words, lambda w: _draw(found, w)
    )


def _draw(found: Sequence[tuple[Pair, Agreement]], width: float) -> Drawing:
    kinds = list(dict.fromkeys(pair.what for pair, _ in found))
    names = 16 + max(breadth(pair.cheap, SMALL) for pair, _ in found)
    bottom = 16 + HEAD * len(kinds) + LINE * len(found)
    sheet = Drawing(width, bottom + 50)
    low = min(-0.5, *(one.tau.low for _, one in found))
    panel = Panel(Scale(low, 1, names, width - 150), Scale(0, 1, bottom, 10))
    sheet.extend(panel.columns(7, lines=True))
    sheet.add(Line((panel.at(0, 0), panel.at(0, 1)), MUTED, 1.5))
    y = 10.0
    for kind in kinds:
        y += HEAD
        sheet.add(Label((0, y - 8), kind, INK, SMALL, bold=True))
        for pair, one in found:
            if pair.what != kind:
                continue
            sheet.add(Label((8, y + 12), pair.cheap, INK, SMALL))
            sheet.add(Line(((panel.x.start, y + 8), (panel.x.end, y + 8)), GRID, 0.5))
            sheet.add(Line(((panel.x(one.tau.low), y + 8), (panel.x(one.tau.high), y + 8)), ACCENT, 4, 0.5))
            if one.itself is not None:
                sheet.add(Dot((panel.x(one.itself), y + 8), 4, MUTED, hollow=True, hint="the dear study with itself"))
            sheet.add(Dot((panel.x(one.tau.mean), y + 8), 5, ACCENT))
            said = f"{one.tau.mean:.2f}; {one.alike}/{one.apart} pairs"
            sheet.add(Label((width - 4, y + 12), said, MUTED, SMALL, "end"))
            y += LINE
    sheet.add(panel.title_x("Kendall's tau [95 %]; ring: two halves of the dear study's seeds"))
    return sheet
