"""Threshold or training: each strategy's gain at its own cut, at equal alarms, and in average precision."""

from __future__ import annotations

from ablate.results.gains_table import HEADS, NAMES, cells, notes
from ablate.results.report.axes import Panel, Scale, around
from ablate.results.report.drawing import (
    ACCENT,
    CONTEXT,
    GRID,
    INK,
    MUTED,
    SECOND,
    SMALL,
    TEXT,
    Dot,
    Drawing,
    Label,
    Path,
    breadth,
    cut,
)
from ablate.results.report.figure import WIDE, Figure, Numbers
from ablate.results.report.material import Material

LINE = 28.0  # pixels of a row
MARKS = (("at 0.5", SECOND, True), ("one cut", CONTEXT, True), ("prior-adjusted", ACCENT, False), ("AP", INK, False))


def figure(material: Material) -> Figure | None:
    """A line for each strategy; None where there is nothing to compare."""
    found = material.board["gains"]
    if not found:
        return None
    return Figure(
        "threshold",
        "Threshold or training?",
        "Gain over the baseline, points: macro recall at the model's own cut (0.5), at equal alarms with one cut, and "
        "at equal alarms with the prior-adjusted cut (with its interval), and macro average precision (AP), which no "
        "cut changes. What stands far right at 0.5 and near zero with the prior-adjusted cut only moves the threshold. "
        + " ".join(notes(found)),
        " ".join(f"{gain['strategy']}: {gain['reading'] or 'no reading'}." for gain in found),
        lambda width: _draw(found, width),
        Numbers([" ".join(part for part in head if part) for head in HEADS], [cells(gain) for gain in found]),
    )


def _draw(found: list[dict[str, object]], width: float) -> Drawing:
    size = TEXT if width >= WIDE else SMALL
    names = min(max(breadth(str(gain["strategy"]), size) for gain in found) + 16, width * 0.36)
    said = max(breadth(str(gain["reading"] or "-"), SMALL) for gain in found) + 14
    sheet = Drawing(width, 60 + LINE * len(found) + 50)
    means = [v for gain in found for name in NAMES if (v := _point(gain[name], "mean")) is not None]
    low, high = around([0.0, *means, *_ends(found)], least=1.0)
    bottom = sheet.height - 50
    panel = Panel(Scale(low, high, names, width - said), Scale(0, 1, bottom, 44))
    sheet.extend(panel.columns(7 if width >= WIDE else 4, lines=True))
    sheet.add(Path(((panel.x(0), bottom), (panel.x(0), 40)), MUTED, 1.5), panel.title_x("points above the baseline"))
    _legend(sheet)
    for place, gain in enumerate(found):
        y = 60 + LINE * place
        sheet.add(Label((0, y + 5), cut(str(gain["strategy"]), names - 10, size), INK, size))
        sheet.add(Label((width - 4, y + 4), str(gain["reading"] or "-"), MUTED, SMALL, "end"))
        _row(sheet, panel, y, gain)
    return sheet


def _legend(sheet: Drawing) -> None:
    left = 6.0
    for name, tone, hollow in MARKS:
        sheet.add(Dot((left, 14), 4.5, tone, hollow=hollow), Label((left + 9, 18), name, MUTED, SMALL))
        left += breadth(name, SMALL) + 30


def _row(sheet: Drawing, panel: Panel, y: float, gain: dict[str, object]) -> None:
    sheet.add(Path(((panel.x.start, y), (panel.x.end, y)), GRID, 0.5))
    low, high = (_point(gain["at_budget"], end) for end in ("low", "high"))
    if low is not None and high is not None:
        sheet.add(Path(((panel.x(low), y), (panel.x(high), y)), ACCENT, 2.5, 0.6))
    for name, (title, tone, hollow) in zip(NAMES, MARKS, strict=True):
        mean = _point(gain[name], "mean")
        if mean is not None:
            hint = f"{gain['strategy']}, {title}: {mean:+.1f} points"
            sheet.add(Dot((panel.x(mean), y), 4.5, tone, hollow=hollow, hint=hint))


def _ends(found: list[dict[str, object]]) -> list[float]:
    return [v for gain in found for end in ("low", "high") if (v := _point(gain["at_budget"], end)) is not None]


def _point(found: object, end: str) -> float | None:
    return 100 * float(found[end]) if isinstance(found, dict) else None
