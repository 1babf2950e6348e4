"""Recall against how often a label occurs in training."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd

from ablate.results.report.axes import Panel, number
from ablate.results.report.drawing import ACCENT, CONTEXT, SMALL, Dot, Drawing, Label, Path, breadth
from ablate.results.report.figure import Figure, Numbers
from ablate.results.report.material import Arm, Material
from ablate.results.report.multiples import Axis, multiples

EDGES = (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 1_000_000, 10_000_000_000)
"""Training positives at which one class of labels ends and the next begins."""


class Class(NamedTuple):
    """Labels of about one frequency: where it stands on the axis, and their recall in points."""

    low: int
    high: int
    centre: float
    labels: int
    mean: float
    error: float


def classes(frame: pd.DataFrame) -> list[Class]:
    """Macro recall of each class of labels; ``error`` is the standard error over its labels, 0 for a single one.

    ``frame`` has ``training_positives``, ``test_positives`` and ``recall`` of one strategy. Labels without a training
    or a test positive are left out.
    """
    seen = frame[(frame["training_positives"] > 0) & (frame["test_positives"] > 0)]
    counts, recall = seen["training_positives"].to_numpy(), 100 * seen["recall"].to_numpy(dtype=np.float64)
    found = []
    for low, high in pairwise(EDGES):
        inside = (counts >= low) & (counts < high)
        n = int(inside.sum())
        if n:
            error = float(recall[inside].std(ddof=1) / np.sqrt(n)) if n > 1 else 0.0
            centre = float(np.exp(np.log(counts[inside]).mean()))
            found.append(Class(low, high, centre, n, float(recall[inside].mean()), error))
    return found


def figure(material: Material) -> Figure | None:
    """One panel for each strategy; None where no label has both a training and a test positive."""
    arms = [arm for arm in material.scored if arm.row["kind"] != "ceiling"]
    tables = dict(iter(material.found.labels.groupby("strategy", sort=False)))
    found = {arm.name: classes(tables[arm.name]) for arm in arms if arm.name in tables}
    if not any(found.values()):
        return None
    base = found.get(material.baseline.name) if material.baseline else None
    names = [name for name in found if base is None or name != material.baseline_name]
    names = names or list(found)
    first = next(iter(found.values()))
    return Figure(
        "frequency",
        "Recall against label frequency",
        "Macro recall at equal alarms of labels with about as many training positives "
        f"({', '.join(f'{_range(c)}: {c.labels} labels' for c in first)}). Bars: 1.96 standard errors over the labels "
        "of a class, which speak of other labels and documents, not of other runs. Grey: the baseline.",
        _words(material, found),
        lambda width: _draw(names, found, base, width),
        Numbers(
            ("strategy", *(_range(c) for c in first)),
            [(name, *(f"{c.mean:.1f}" for c in line)) for name, line in found.items()],
        ),
    )


def _range(c: Class) -> str:
    return f"{c.low:,} and more" if c.high == EDGES[-1] else f"{c.low:,} to {c.high - 1:,}"


def _words(material: Material, found: dict[str, list[Class]]) -> str:
    arms: Sequence[Arm] = [arm for arm in (material.leader, material.baseline) if arm and arm.name in found]
    said = []
    for name in dict.fromkeys(arm.name for arm in arms):
        line = found[name]
        said.append(
            f"{name}: {line[0].mean:.1f} points at {_range(line[0])} training positives, "
            f"{line[-1].mean:.1f} at {_range(line[-1])}."
        )
    return " ".join(said) or "One panel for each strategy."


def _draw(names: Sequence[str], found: dict[str, list[Class]], base: list[Class] | None, width: float) -> Drawing:
    centres = [c.centre for line in found.values() for c in line]
    low, high = min(centres) / 1.3, max(centres) * 1.3
    x = Axis("training positives of a label (logarithmic)", low, high, True)
    sheet, panels = multiples(names, x, Axis("macro recall, points", 0, 100), width)
    for place, (name, panel) in enumerate(zip(names, panels, strict=True)):
        if base and found[name] is not base:
            _line(sheet, panel, base, CONTEXT, name="baseline")
            if place == 0:
                _direct(sheet, panel, base)
        _line(sheet, panel, found[name], ACCENT, name=name)
    return sheet


def _direct(sheet: Drawing, panel: Panel, base: list[Class]) -> None:
    """The grey line's name, in the first panel: above the frame's foot, where lines of recall seldom run."""
    text = "grey: baseline"
    sheet.add(Label((panel.x.end - breadth(text, SMALL) - 2, panel.y.start - 6), text, CONTEXT, SMALL))


def _line(sheet: Drawing, panel: Panel, line: Sequence[Class], tone: str, name: str) -> None:
    main = tone == ACCENT
    at = [panel.at(c.centre, c.mean) for c in line]
    if len(at) > 1:
        sheet.add(Path(at, tone, 2 if main else 1.5))
    for c, centre in zip(line, at, strict=True):
        if main and c.error:
            ends = [panel.y(min(100, max(0, c.mean + side * 1.96 * c.error))) for side in (-1, 1)]
            sheet.add(Path(((centre[0], ends[0]), (centre[0], ends[1])), tone, 1.5, 0.5))
        hint = f"{name}, {_range(c)} training positives: {c.mean:.1f} points ({number(c.labels)} labels)"
        sheet.add(Dot(centre, 3 if main else 2, tone, hint=hint if main else ""))
