"""Differences to the baseline with their intervals: a forest plot."""

from __future__ import annotations

from ablate.results.board import group
from ablate.results.columns import points, with_interval
from ablate.results.formats import LINES
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
    Area,
    Dot,
    Drawing,
    Label,
    Path,
    breadth,
    cut,
)
from ablate.results.report.figure import WIDE, Figure, Numbers
from ablate.results.report.material import Arm, Material
from ablate.results.report.reach import reach
from ablate.results.rows import Row

LINE = 26.0  # pixels of a row


def figure(material: Material) -> Figure | None:
    """Each row's macro recall against the baseline's; None without a second row to compare."""
    arms = [arm for arm in material.scored if arm.row["delta_macro"] and arm is not material.baseline]
    if not arms:
        return None
    return Figure(
        "intervals",
        "Against the baseline",
        "Macro recall at equal alarms, difference to the baseline, paired by seed and by document. Thick: 95 % "
        "interval of this row alone; thin: the interval that holds for all ranked rows at once, on which a win is "
        "judged. A row whose interval crosses zero cannot be told from the baseline. An arrow: beyond the axis.",
        _words(arms),
        lambda width: _draw(arms, width),
        Numbers(
            (
                "strategy",
                "macro recall, difference in points [95 %]",
                "for the whole board",
                "micro recall, difference",
            ),
            [
                (
                    arm.name,
                    with_interval(arm.row["delta_macro"], sign=True),
                    with_interval(arm.row["better_interval"], sign=True),
                    with_interval(arm.row["delta_micro"], sign=True),
                )
                for arm in arms
            ],
        ),
    )


def _words(arms: list[Arm]) -> str:
    better = [arm.name for arm in arms if arm.row["better"]]
    below = [arm.name for arm in arms if arm.row["delta_macro"]["high"] < 0]
    parts = [
        f"Better than the baseline: {', '.join(better) or 'none'}.",
        f"Below it with the whole interval: {', '.join(below) or 'none'}.",
    ]
    return " ".join(parts)


def _draw(arms: list[Arm], width: float) -> Drawing:
    size = TEXT if width >= WIDE else SMALL
    names = min(max(breadth(arm.name, size) for arm in arms) + 16, width * 0.42)
    lines = _lines(arms)
    sheet = Drawing(width, 34 + LINE * len(lines) + 50)
    spans = [(0.0, 0.0), *map(_whole, arms)]
    winners = [_whole(arm) for arm in arms if arm.row["better"]]
    low, high = around(reach(spans, always=winners), least=1.0)
    values = 0.0 if width < WIDE else 130.0
    bottom = sheet.height - 50
    panel = Panel(Scale(low, high, names, width - 12 - values), Scale(0, 1, bottom, 20))
    sheet.extend(panel.columns(7 if values else 4, lines=True))
    sheet.add(Path(((panel.x(0), bottom), (panel.x(0), 12)), MUTED, 1.5))
    sheet.add(
        panel.title_x("macro recall, points above or below the baseline" if values else "points above the baseline")
    )
    for place, line in enumerate(lines):
        y = 34 + LINE * place
        if isinstance(line, str):
            sheet.add(Label((0, y + 6), cut(line, width, SMALL), MUTED, SMALL))
        else:
            sheet.add(Label((0, y + 5), cut(line.name, names - 10, size), INK, size, bold=bool(line.row["better"])))
            _row(sheet, panel, y, line.row)
            if values:
                said = with_interval(line.row["delta_macro"], sign=True)
                sheet.add(Label((width - 4, y + 4), said, MUTED, SMALL, "end"))
    return sheet


def _whole(arm: Arm) -> tuple[float, float]:
    """The interval of a row's difference, in points."""
    return 100 * arm.row["delta_macro"]["low"], 100 * arm.row["delta_macro"]["high"]


def _lines(arms: list[Arm]) -> list[Arm | str]:
    """The rows, each group but the ranked one under its name."""
    lines: list[Arm | str] = []
    last = "ranked"
    for arm in arms:
        if (name := group(arm.row)) != last:
            lines.append(LINES[name].split(":")[0])
            last = name
        lines.append(arm)
    return lines


def _row(sheet: Drawing, panel: Panel, y: float, row: Row) -> None:
    found, board = row["delta_macro"], row["better_interval"]
    tone = ACCENT if row["rank"] else SECOND if row["costs_micro"] and row["kind"] == "strategy" else CONTEXT
    mean, low, high = (100 * found[name] for name in ("mean", "low", "high"))
    sheet.add(Path(((panel.x.start, y), (panel.x.end, y)), GRID, 0.5))
    if not panel.x.low <= mean <= panel.x.high:
        _arrow(sheet, panel, y, mean, tone)
        return
    if board:
        sheet.add(Path(_span(panel, 100 * board["low"], 100 * board["high"], y), tone, 1.5))
    sheet.add(Path(_span(panel, low, high, y), tone, 5, 0.55 if board else 0.8))
    hint = f"{row['strategy']}: {with_interval(found, sign=True)} points"
    sheet.add(Dot((panel.x(mean), y), 5, tone, hint=hint))


def _span(panel: Panel, low: float, high: float, y: float) -> tuple[tuple[float, float], tuple[float, float]]:
    return (panel.x(max(low, panel.x.low)), y), (panel.x(min(high, panel.x.high)), y)


def _arrow(sheet: Drawing, panel: Panel, y: float, mean: float, tone: str) -> None:
    left = mean < panel.x.low
    edge, way = (panel.x.start, 1) if left else (panel.x.end, -1)
    sheet.add(Area(((edge, y), (edge + way * 9, y - 5), (edge + way * 9, y + 5)), tone))
    text = points(mean / 100, sign=True)
    sheet.add(Label((edge + way * 14, y + 4), text, INK, SMALL, "start" if left else "end"))
