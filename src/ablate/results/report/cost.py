"""What each row costs: seconds of a run, seconds of its tuning, memory."""

from __future__ import annotations

from collections.abc import Sequence

from ablate.results.columns import duration
from ablate.results.report.axes import Panel, Scale
from ablate.results.report.drawing import (
    ACCENT,
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
from ablate.results.report.material import Arm, Material

LINE = 24.0
TIMES = (0.001, 0.01, 0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 36_000.0, 360_000.0)
MEBIBYTE = 2**20


def figure(material: Material) -> Figure | None:
    """Seconds of a run and of the whole tuning; None where no clock ran."""
    arms = [arm for arm in material.arms if arm.row["measured"]["seconds"]]
    if not arms:
        return None
    return Figure(
        "cost",
        "Cost",
        "Time of one run of the chosen configuration (blue, mean over runs) and of all tuning runs of the row together "
        "(orange ring), logarithmic, on the machine named below. Times are measured once and move with the machine.",
        " ".join(f"{a.name}: {duration(a.row['measured']['seconds'])} a run, {_tuning(a)} of tuning." for a in arms),
        lambda width: _draw(arms, width),
        Numbers(("strategy", "a run", "tuning", "peak memory, MiB", "runs", "trials"), [_numbers(a) for a in arms]),
    )


def _tuning(arm: Arm) -> str:
    seconds = arm.row["measured"]["tuning_seconds"]
    return duration(seconds) if seconds else "none"


def _numbers(arm: Arm) -> tuple[str, ...]:
    measured = arm.row["measured"]
    memory = measured["peak_memory_bytes"]
    shown = "-" if memory is None else f"{memory / MEBIBYTE:,.0f}"
    return arm.name, duration(measured["seconds"]), _tuning(arm), shown, str(arm.row["runs"]), str(arm.row["trials"])


def _draw(arms: Sequence[Arm], width: float) -> Drawing:
    size = TEXT if width >= WIDE else SMALL
    names = min(max(breadth(arm.name, size) for arm in arms) + 16, width * 0.42)
    sheet = Drawing(width, 16 + LINE * len(arms) + 46)
    spent = [s for a in arms for s in (a.row["measured"]["seconds"], a.row["measured"]["tuning_seconds"]) if s]
    bottom = sheet.height - 46
    panel = Panel(Scale(min(spent) / 1.5, max(spent) * 1.5, names, width - 12, True), Scale(0, 1, bottom, 8))
    for time in TIMES:
        if panel.x.low <= time <= panel.x.high:
            left = panel.x(time)
            text = duration(time) if time >= 0.1 else f"{time:g}s"
            sheet.add(Path(((left, bottom), (left, 8)), GRID, 1))
            sheet.add(Label((left, bottom + 18), text, MUTED, SMALL, "middle"))
    title = "time of one run, and of all tuning (logarithmic)" if width >= WIDE else "time (logarithmic)"
    sheet.add(panel.title_x(title))
    for place, arm in enumerate(arms):
        y = 20 + LINE * place
        sheet.add(Label((0, y + 4), cut(arm.name, names - 10, size), INK, size))
        sheet.add(Path(((names, y), (panel.x.end, y)), GRID, 0.5))
        _times(sheet, panel, arm, y)
    return sheet


def _times(sheet: Drawing, panel: Panel, arm: Arm, y: float) -> None:
    run, tuning = (arm.row["measured"][name] for name in ("seconds", "tuning_seconds"))
    if tuning:
        sheet.add(Path(((panel.x(run), y), (panel.x(tuning), y)), MUTED, 1, 0.6))
        sheet.add(Dot((panel.x(tuning), y), 4.5, SECOND, hollow=True, hint=f"{arm.name}, tuning: {duration(tuning)}"))
    sheet.add(Dot((panel.x(run), y), 4.5, ACCENT, hint=f"{arm.name}, a run: {duration(run)}"))
