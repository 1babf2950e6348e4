"""Learning curves: dips of the metric, spikes of the loss."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from ablate.results.columns import ratio, settled_share, verdicts
from ablate.results.record import Body
from ablate.results.report.axes import Panel, around
from ablate.results.report.drawing import (
    ACCENT,
    CONTEXT,
    INK,
    SECOND,
    SMALL,
    Dot,
    Drawing,
    Label,
    Path,
    breadth,
)
from ablate.results.report.figure import Figure, Numbers
from ablate.results.report.material import Arm, Material
from ablate.results.report.multiples import Axis, multiples

SHOWN = 0.05  # share of the gain from which a dip is marked

Line = list[tuple[float, float]]


class Dip(NamedTuple):
    """The deepest fall of a curve: places of its peak and of its trough, and its share of the curve's gain."""

    peak: int
    trough: int
    share: float


def deepest(values: Sequence[float]) -> Dip | None:
    """Where a curve loses most of what it had won; None for one that never falls or never rises.

    The share is that of ``worst_dip`` in the records.
    """
    gain = max(values) - values[0]
    best, found = 0, Dip(0, 0, 0.0)
    for place, value in enumerate(values):
        if value > values[best]:
            best = place
        if gain > 0 and (values[best] - value) / gain > found.share:
            found = Dip(best, place, (values[best] - value) / gain)
    return found if found.share > 0 else None


def series(body: Body, name: str) -> Line:
    """Steps and values of one figure of a curve, without what is missing."""
    curve = body["curve"]
    return [(float(s), float(v)) for s, v in zip(curve["steps"], curve.get(name) or [], strict=False) if v is not None]


def macro(material: Material) -> Figure | None:
    """Macro recall on validation, run by run; None where nothing was trained step by step."""
    arms = [arm for arm in material.arms if any(series(b, "macro") for b in arm.curves)]
    if not arms:
        return None
    return Figure(
        "curves",
        "Learning curves and dips",
        "Macro recall at equal alarms on validation during training, with one cut for all labels and known shifts of "
        "the scores taken out, so that a decision rule cannot pass for learning; one line for each run of the chosen "
        f"configuration; grey: the baseline's median. A dip of {SHOWN:.0%} of the gain or more is marked where it is "
        "deepest over all runs; in the corner: runs that settled.",
        " ".join(_words(arm) for arm in arms),
        lambda width: _draw_macro(material, arms, width),
        Numbers(
            (
                "strategy",
                "verdicts of the runs",
                "share settled [95 %]",
                "deepest dip, % of the gain",
                "backtracking of the metric, share of the gain",
                "backtracking of the loss, share of its fall",
                "steps with a spike of the loss, %",
                "noise of the loss, seen",
                "noise of the loss that weights and counts alone predict",
            ),
            [_numbers(arm) for arm in arms],
        ),
    )


def _numbers(arm: Arm) -> tuple[str, ...]:
    """Verdicts, then metric and loss apart: a noisy loss is no unstable model."""
    dip, spikes = _shares(arm)
    told = arm.row["stability"]
    seen = (ratio(told.get(name)) for name in ("backtracking", "loss_backtracking", "loss_cv", "predicted_loss_cv"))
    metric, loss, observed, predicted = seen
    return arm.name, verdicts(arm.row), settled_share(arm.row), dip, metric, loss, spikes, observed, predicted


def _shares(arm: Arm) -> tuple[str, str]:
    dip, spikes = (arm.row["stability"][name] for name in ("worst_dip", "spikes"))
    return "-" if dip is None else f"{100 * dip:.0f}", "-" if spikes is None else f"{100 * spikes:.1f}"


def _words(arm: Arm) -> str:
    dip, spikes = _shares(arm)
    return f"{arm.name}: {arm.row['stability']['settled']} runs settled, deepest dip {dip} %, spikes {spikes} %."


def _draw_macro(material: Material, arms: Sequence[Arm], width: float) -> Drawing:
    lines = {arm.name: [_points(series(b, "macro")) for b in arm.curves] for arm in arms}
    every = [point for found in lines.values() for line in found for point in line]
    x = Axis("step", 0, max(s for s, _ in every))
    low, high = around([v for _, v in every], 1.0)
    sheet, panels = multiples(
        [arm.name for arm in arms], x, Axis("macro recall on validation, points", max(0, low), high), width
    )
    base = _middle(lines.get(material.baseline_name, []))
    for arm, panel in zip(arms, panels, strict=True):
        _panel(sheet, panel, lines[arm.name], base if arm is not material.baseline else [])
        _settled(sheet, panel, arm)
    return sheet


def _points(line: Line) -> Line:
    return [(s, 100 * v) for s, v in line]


def _middle(lines: Sequence[Line]) -> Line:
    """The median of some curves at each step that all of them have."""
    tables = [dict(line) for line in lines if line]
    shared = sorted(set.intersection(*(set(t) for t in tables))) if tables else []
    return [(step, median(t[step] for t in tables)) for step in shared]


def _panel(sheet: Drawing, panel: Panel, lines: Sequence[Line], base: Line) -> None:
    if len(base) > 1:
        sheet.add(Path([panel.at(*p) for p in base], CONTEXT, 2))
    for line in lines:
        sheet.add(Path([panel.at(*p) for p in line], ACCENT, 1.25, 0.7))
    dips = [(dip, line) for line in lines if line and (dip := deepest([v for _, v in line]))]
    if dips:
        _mark(sheet, panel, *max(dips, key=lambda found: found[0].share))


def _mark(sheet: Drawing, panel: Panel, dip: Dip, line: Line) -> None:
    if dip.share < SHOWN:
        return
    trough = panel.at(*line[dip.trough])
    top = panel.y(line[dip.peak][1])
    sheet.add(Path(((trough[0], top), trough), SECOND, 2), Dot(trough, 3.5, SECOND))
    text = f"dip {dip.share:.0%}"
    right = trough[0] + 7 + breadth(text, SMALL) < panel.x.end
    # under the trough where there is room, since the curve goes on beside it
    sheet.add(Label((trough[0] + (7 if right else -7), min(trough[1] + 14, panel.y.start - 20)), text, SECOND, SMALL,
                    "start" if right else "end", halo=True))  # fmt: skip


def _settled(sheet: Drawing, panel: Panel, arm: Arm) -> None:
    """How many runs settled, in the lower right: a curve that rises leaves room there."""
    settled = arm.row["stability"]["settled"]
    if settled:
        at = (panel.x.end - 2, panel.y.start - 6)
        sheet.add(Label(at, f"{settled} settled", INK, SMALL, "end", halo=True))


def loss(material: Material) -> Figure | None:
    """Training loss relative to its start; None where no run kept one."""
    found = {arm.name: [_relative(b) for b in arm.curves] for arm in material.arms}
    lines = {name: [line for line in kept if len(line) > 1] for name, kept in found.items()}
    lines = {name: kept for name, kept in lines.items() if kept}
    if not lines:
        return None
    spiky = [arm for arm in material.arms if arm.name in lines and (arm.row["stability"]["spikes"] or 0) > 0]
    said = "; ".join(f"{a.name} {100 * a.row['stability']['spikes']:.1f} %" for a in spiky)
    return Figure(
        "loss",
        "Training loss and spikes",
        "Mean training loss between two evaluations, as a multiple of its first value (losses of different strategies "
        "are on different scales), one line for each run, logarithmic. A spike is a step whose loss is over 7 robust "
        f"deviations above the median of the 200 before. Steps with a spike: {said or 'none in any run'}.",
        f"Loss of each run over its steps. Steps with a spike: {said or 'none in any run'}.",
        lambda width: _draw_loss(lines, width),
    )


def _relative(body: Body) -> Line:
    line = [(s, v) for s, v in series(body, "loss") if v > 0]
    return [(s, v / line[0][1]) for s, v in line]


def _draw_loss(lines: dict[str, list[Line]], width: float) -> Drawing:
    every = [point for kept in lines.values() for line in kept for point in line]
    low, high = min(v for _, v in every), max(v for _, v in every)
    x = Axis("step", 0, max(s for s, _ in every))
    y = Axis("training loss, multiple of its first value (logarithmic)", low / 1.1, max(high, 1.0) * 1.1, True)
    sheet, panels = multiples(list(lines), x, y, width)
    for kept, panel in zip(lines.values(), panels, strict=True):
        sheet.extend(Path([panel.at(*p) for p in line], ACCENT, 1.25, 0.7) for line in kept)
    return sheet
