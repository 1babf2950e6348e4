"""Small multiples: one panel for each strategy, all on the same axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ablate.results.report.axes import Panel, Scale
from ablate.results.report.drawing import INK, MUTED, SMALL, Drawing, Label, cut
from ablate.results.report.figure import WIDE

LEFT, GAP, TOP, HEAD, FOOT = 40.0, 18.0, 24.0, 24.0, 46.0


@dataclass(frozen=True)
class Axis:
    """What an axis shows, from where to where."""

    title: str
    low: float
    high: float
    logarithmic: bool = False


def multiples(names: Sequence[str], x: Axis, y: Axis, width: float) -> tuple[Drawing, list[Panel]]:
    """An empty panel for each name, and the sheet that they are on: four in a line on a desk, two on a phone."""
    across = min(4 if width >= WIDE else 2, max(len(names), 2))
    down = -(-len(names) // across)
    size = (width - LEFT - 6 - GAP * (across - 1)) / across
    tall = min(0.72 * size, 150.0)
    sheet = Drawing(width, TOP + down * (HEAD + tall + 26) + FOOT - 26)
    sheet.add(Label((0, 14), y.title, MUTED, SMALL))
    panels = []
    for place, name in enumerate(names):
        column, line = place % across, place // across
        left, top = LEFT + column * (size + GAP), TOP + line * (HEAD + tall + 26) + HEAD
        panel = Panel(
            Scale(x.low, x.high, left, left + size, x.logarithmic),
            Scale(y.low, y.high, top + tall, top, y.logarithmic),
        )
        sheet.extend(panel.rows(3, labels=column == 0))
        sheet.extend(panel.columns(4 if width >= WIDE else 3))
        sheet.add(Label((left, top - 8), cut(name, size), INK, bold=True))
        panels.append(panel)
    sheet.add(Label((width / 2, sheet.height - 6), x.title, MUTED, SMALL, "middle"))
    return sheet, panels
