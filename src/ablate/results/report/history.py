"""Tuning: what each trial scored on validation, and the best so far."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ablate.results.columns import points
from ablate.results.report.axes import Panel, around
from ablate.results.report.drawing import ACCENT, CONTEXT, MUTED, SECOND, Dot, Drawing, Path
from ablate.results.report.figure import Figure, Numbers
from ablate.results.report.material import Arm, Material
from ablate.results.report.multiples import Axis, multiples


class Trial(NamedTuple):
    """One trial: its number, its score in points (None where it was stopped early or failed)."""

    number: int
    score: float | None


def trials(arm: Arm) -> list[Trial]:
    """The trials of an arm in their order; runs of chosen configurations on more seeds are none."""
    found = {}
    for body in arm.tuned:
        if body.get("trial") is not None:
            scored = body["validation"].get("balanced_recall") if body["status"] == "finished" else None
            found[int(body["trial"])] = None if scored is None else 100 * float(scored)
    return [Trial(number, found[number]) for number in sorted(found)]


def best_so_far(found: Sequence[Trial]) -> list[tuple[int, float]]:
    """The highest score up to each trial, from the first that has one."""
    line: list[tuple[int, float]] = []
    for number, score in found:
        high = max([s for s in (score, line[-1][1] if line else None) if s is not None], default=None)
        if high is not None:
            line.append((number, high))
    return line


def figure(material: Material) -> Figure | None:
    """One panel for each tuned strategy; None where none had two trials."""
    found = {arm.name: kept for arm in material.arms if len(kept := trials(arm)) > 1 and best_so_far(kept)}
    if not found:
        return None
    selection = material.board["selection"]
    return Figure(
        "tuning",
        "Tuning history",
        "Balanced recall on validation (the mean of macro and micro recall at equal alarms) of each trial, and the "
        "best so far; orange ticks: trials stopped early or failed; grey: the baseline's best so far; trials under the "
        "axis are not drawn. "
        f"{selection['trials']} configurations for each strategy ({selection['configurations']}). Chosen: "
        f"{selection['rule']}. A line that still rises at the end says that more trials may help.",
        " ".join(_words(name, kept) for name, kept in found.items()),
        lambda width: _draw(material, found, width),
        Numbers(
            ("strategy", "trials", "finished", "defaults, points", "best, points", "found at trial"),
            [_line(name, kept) for name, kept in found.items()],
        ),
    )


def _line(name: str, kept: Sequence[Trial]) -> tuple[str, ...]:
    best = best_so_far(kept)[-1][1]
    at = next(t.number for t in kept if t.score == best)
    finished = sum(t.score is not None for t in kept)
    first = next((t.score for t in kept if t.number == 0), None)
    default = points(None if first is None else first / 100)
    return name, str(len(kept)), str(finished), default, f"{best:.1f}", str(at)


def _words(name: str, kept: Sequence[Trial]) -> str:
    _, count, _, default, best, at = _line(name, kept)
    return f"{name}: {default} with its defaults, {best} at best (trial {at} of {count})."


def _draw(material: Material, found: dict[str, list[Trial]], width: float) -> Drawing:
    lines = {name: best_so_far(kept) for name, kept in found.items()}
    low, high = _range(lines.values())
    x = Axis("trial (0: the defaults)", -0.5, max(t.number for kept in found.values() for t in kept) + 0.5)
    sheet, panels = multiples(list(found), x, Axis("balanced recall on validation, points", low, high), width)
    base = lines.get(material.baseline_name)
    for name, panel in zip(found, panels, strict=True):
        if base and lines[name] is not base:
            sheet.add(Path([panel.at(n, max(low, v)) for n, v in _steps(base)], CONTEXT, 2))
        _trials(sheet, panel, found[name])
        sheet.add(Path([panel.at(n, max(low, v)) for n, v in _steps(lines[name])], ACCENT, 2))
    return sheet


def _range(lines: Iterable[Sequence[tuple[int, float]]]) -> tuple[float, float]:
    """From somewhat under where the lines start to the best; a bad trial may lie under the axis and is not drawn."""
    ends = [v for line in lines for v in (line[0][1], line[-1][1])]
    return around(ends, 1.0, 0.15)


def _trials(sheet: Drawing, panel: Panel, kept: Sequence[Trial]) -> None:
    for number, score in kept:
        if score is None:
            left, bottom = panel.x(number), panel.y.start
            sheet.add(Path(((left, bottom), (left, bottom - 7)), SECOND, 1.5))
        elif score >= panel.y.low:
            sheet.add(Dot(panel.at(number, score), 2.5, MUTED, opacity=0.8, hint=f"trial {number}: {score:.1f}"))


def _steps(line: Sequence[tuple[int, float]]) -> list[tuple[float, float]]:
    """A staircase: the best so far holds until the trial that beats it."""
    stairs = [(float(line[0][0]), line[0][1])]
    for number, value in line[1:]:
        if value != stairs[-1][1]:
            stairs.append((number, stairs[-1][1]))
        stairs.append((number, value))
    return stairs
