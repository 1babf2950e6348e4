"""Recall travels with alarms: each strategy at several budgets, and what it does at 0.5."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ablate.results.columns import amount, points
from ablate.results.report.drawing import ACCENT, CONTEXT, SECOND, Dot, Drawing, Path
from ablate.results.report.figure import Figure, Numbers
from ablate.results.report.material import Arm, Material
from ablate.results.report.multiples import Axis, multiples

Pair = tuple[float, float]


def figure(material: Material) -> Figure | None:
    """Strategies with figures at several budgets; None where there is none."""
    arms = [arm for arm in material.scored if not arm.control and len(_line(arm)) > 1]
    if not arms:
        return None
    alarms = material.board["budget"]["alarms_per_document"]
    return Figure(
        "alarms",
        "Recall travels with alarms",
        "Macro recall against alarms per document, at half, once, twice and five times the budget"
        + (f" of {alarms:.3g} alarms per document" if alarms else "")
        + ". Orange ring: the same model at a cut of 0.5 on its probabilities, which is what is usually reported. A "
        "ring far to the right bought its recall with alarms; a ring on the line differs by the decision rule alone. "
        "Grey: the baseline at the same budgets.",
        " ".join(_words(arm) for arm in arms),
        lambda width: _draw(material, arms, width),
        Numbers(
            ("strategy", "macro recall at budget, points", "macro recall at 0.5, points", "alarms per document at 0.5"),
            [(arm.name, points(arm.row["macro_recall_at_budget"]["mean"]), *_half_words(arm)) for arm in arms],
        ),
    )


def _line(arm: Arm) -> list[Pair]:
    found = (arm.row["at_multiples"] or {}).values()
    return sorted(pair for table in found if (pair := _pair(table)))


def _pair(table: dict[str, Any] | None) -> Pair | None:
    """Alarms per document and macro recall in points; None where there is no alarm, which no logarithm shows."""
    if not table or not table.get("alarms_per_document") or table.get("macro_recall") is None:
        return None
    return float(table["alarms_per_document"]), 100 * float(table["macro_recall"])


def _half_words(arm: Arm) -> tuple[str, str]:
    half = arm.row["at_half"] or {}
    return points(half.get("macro_recall")), amount(half.get("alarms_per_document"))


def _words(arm: Arm) -> str:
    recall, alarms = _half_words(arm)
    at_budget = points(arm.row["macro_recall_at_budget"]["mean"])
    return f"{arm.name}: {at_budget} points at the budget, {recall} at 0.5 with {alarms} alarms per document."


def _draw(material: Material, arms: Sequence[Arm], width: float) -> Drawing:
    every = [pair for arm in arms for pair in (*_line(arm), _pair(arm.row["at_half"])) if pair]
    x = Axis("alarms per document (logarithmic)", min(a for a, _ in every) / 1.3, max(a for a, _ in every) * 1.3, True)
    y = Axis("macro recall, points", 0, 100)
    sheet, panels = multiples([arm.name for arm in arms], x, y, width)
    base = _line(material.baseline) if material.baseline in arms and material.baseline else []
    for arm, panel in zip(arms, panels, strict=True):
        if base and arm is not material.baseline:
            sheet.add(Path([panel.at(*p) for p in base], CONTEXT, 2))
        at = [panel.at(*p) for p in _line(arm)]
        sheet.add(Path(at, ACCENT, 2))
        sheet.extend(Dot(p, 3, ACCENT) for p in at)
        if half := _pair(arm.row["at_half"]):
            sheet.add(Dot(panel.at(*half), 5, SECOND, hollow=True, hint=_words(arm)))
    return sheet
