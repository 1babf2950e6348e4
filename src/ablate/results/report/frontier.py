"""Macro against micro recall: who pays with the one for the other."""

from __future__ import annotations

from collections.abc import Sequence

from ablate.results.board import GUARD
from ablate.results.columns import points, with_interval
from ablate.results.report.axes import Panel, Scale, around
from ablate.results.report.drawing import (
    ACCENT,
    CONTEXT,
    INK,
    MUTED,
    SECOND,
    SMALL,
    Dot,
    Drawing,
    Label,
    Path,
)
from ablate.results.report.figure import WIDE, Figure, Numbers
from ablate.results.report.material import Arm, Material
from ablate.results.report.placement import Box, place
from ablate.results.report.reach import reach


def figure(material: Material) -> Figure | None:
    """All rows with a finished run; None where fewer than two have one."""
    arms = material.scored
    if len(arms) < 2:
        return None
    first = material.leader or arms[0]
    arms = [first, *(arm for arm in arms if arm is not first)]
    kept, far = _near(arms)
    beyond = f" Beyond the axes, at macro / micro: {'; '.join(_where(arm) for arm in far)}." if far else ""
    best = frontier([_mean(arm) for arm in kept])
    return Figure(
        "frontier",
        "Macro against micro recall",
        "Each point is a row of the board, with the 95 % intervals of both figures; every one raises the same number "
        "of alarms. The dashed line joins the rows that no other beats in both. Blue: ranked; orange: may cost more "
        f"than {100 * GUARD:g} points of micro recall; grey: other rows.{beyond}",
        "On the frontier, from high macro to high micro recall: "
        + ", ".join(_where(kept[i]) for i in best)
        + "."
        + beyond,
        lambda width: _draw(kept, best, width),
        Numbers(
            ("strategy", "macro recall, points [95 %]", "micro recall, points [95 %]"),
            [
                (a.name, with_interval(a.row["macro_recall_at_budget"]), with_interval(a.row["micro_recall_at_budget"]))
                for a in arms
            ],
        ),
    )


def _mean(arm: Arm) -> tuple[float, float]:
    """Micro and macro recall in points."""
    row = arm.row
    return 100 * row["micro_recall_at_budget"]["mean"], 100 * row["macro_recall_at_budget"]["mean"]


def _where(arm: Arm) -> str:
    micro, macro = _mean(arm)
    return f"{arm.name} {points(macro / 100)} / {points(micro / 100)}"


def _spans(arms: Sequence[Arm], name: str) -> list[tuple[float, float]]:
    return [(100 * a.row[name]["low"], 100 * a.row[name]["high"]) for a in arms]


def _near(arms: Sequence[Arm]) -> tuple[list[Arm], list[Arm]]:
    """The rows that the axes hold, and the others."""
    micro, macro = (reach(_spans(arms, f"{name}_recall_at_budget")) for name in ("micro", "macro"))
    inside = [micro[0] <= x <= micro[1] and macro[0] <= y <= macro[1] for x, y in map(_mean, arms)]
    return [a for a, near in zip(arms, inside, strict=True) if near], [
        a for a, near in zip(arms, inside, strict=True) if not near
    ]


def frontier(pairs: Sequence[tuple[float, float]]) -> list[int]:
    """Places of the pairs that no other beats in one figure without losing in the other, by rising first figure."""
    best, high = [], float("-inf")
    for i in sorted(range(len(pairs)), key=lambda i: (-pairs[i][0], -pairs[i][1])):
        if pairs[i][1] > high:
            best.append(i)
            high = pairs[i][1]
    return best[::-1]


def _draw(arms: Sequence[Arm], best: Sequence[int], width: float) -> Drawing:
    sheet = Drawing(width, 480 if width >= WIDE else 440)
    spans = {n: [v for s in _spans(arms, f"{n}_recall_at_budget") for v in s] for n in ("micro", "macro")}
    x = Scale(*around(spans["micro"], 1.0, 0.04), 44, width - 12)
    y = Scale(*around(spans["macro"], 1.0, 0.04), sheet.height - 50, 30)
    panel = Panel(x, y)
    sheet.add(Label((0, 14), "macro recall, points", MUTED, SMALL))
    sheet.extend(panel.rows(6))
    sheet.extend(panel.columns(8 if width >= WIDE else 5))
    sheet.add(panel.title_x("micro recall, points"))
    centres = [panel.at(*_mean(arm)) for arm in arms]
    sheet.add(Path([centres[i] for i in best], INK, 1, 0.7, dashed=True))
    for arm, centre in zip(arms, centres, strict=True):
        _cross(sheet, panel, arm, centre)
    within = (x.start + 2, y.end, x.end, y.start - 4)
    spots = place(centres, [a.name for a in arms], within, [b for a in arms for b in _bars(panel, a)])
    for arm, centre, spot in zip(arms, centres, spots, strict=True):
        if spot.far:
            # the line ends at the name's near side
            left = spot.at[0] if spot.at[0] > centre[0] else min(centre[0], spot.at[0] + 6.4 * len(arm.name))
            sheet.add(Path((centre, (left, spot.at[1] - 4)), MUTED, 0.75))
        sheet.add(Label(spot.at, arm.name, INK, SMALL, bold=bool(arm.row["better"]), halo=True))
    return sheet


def _bars(panel: Panel, arm: Arm) -> list[Box]:
    """Where the intervals of a row run, as thin boxes."""
    x, y = panel.at(*_mean(arm))
    macro, micro = (arm.row[f"{name}_recall_at_budget"] for name in ("macro", "micro"))
    left, right = (panel.x(100 * micro[end]) for end in ("low", "high"))
    low, high = (panel.y(100 * macro[end]) for end in ("low", "high"))
    return [(left, y - 1, right, y + 1), (x - 1, high, x + 1, low)]


def _tone(arm: Arm) -> str:
    if arm.row["rank"]:
        return ACCENT
    return SECOND if arm.row["costs_micro"] and not arm.control else CONTEXT


def _cross(sheet: Drawing, panel: Panel, arm: Arm, centre: tuple[float, float]) -> None:
    across, upright = _bars(panel, arm)
    sheet.add(Path(((across[0], centre[1]), (across[2], centre[1])), _tone(arm), 1.5, 0.35))
    sheet.add(Path(((centre[0], upright[1]), (centre[0], upright[3])), _tone(arm), 1.5, 0.35))
    said = [with_interval(arm.row[f"{name}_recall_at_budget"]) for name in ("macro", "micro")]
    sheet.add(Dot(centre, 5, _tone(arm), hint=f"{arm.name}: macro {said[0]}, micro {said[1]}"))
