"""Tuning effort: the best that k of the shared quasi-random design are expected to find."""

from __future__ import annotations

from ablate.results.report.axes import around
from ablate.results.report.drawing import ACCENT, CONTEXT, Dot, Drawing, Path
from ablate.results.report.figure import Figure, Numbers
from ablate.results.report.material import Material
from ablate.results.report.multiples import Axis, multiples

SHOWN = (1, 2, 4, 8)  # numbers of trials in the table


def figure(material: Material) -> Figure | None:
    """One panel for each strategy with two draws or more; None where there is none."""
    found = {
        arm.name: [100 * v for v in arm.row["expected_best"]]
        for arm in material.arms
        if len(arm.row["expected_best"] or []) > 1
    }
    if not found:
        return None
    pruned = {arm.name: arm.row["draws_pruned"] for arm in material.arms}
    most = max(map(len, found.values()))
    shown = [k for k in SHOWN if k <= most]
    return Figure(
        "effort",
        "What a number of trials is worth",
        "Expected best score on validation of k trials of the shared quasi-random design (balanced recall, points): "
        "the mean over all sets of k of them (Tang et al. 2020). Defaults and proposals that look at earlier results "
        "are left out. A trial stopped early (pruned) counts with the best it had reached. Grey: the baseline. "
        "Where curves cross, which strategy is better depends on how much one tunes.",
        " ".join(
            f"{name}: {line[0]:.1f} with one trial, {line[-1]:.1f} with {len(line)}." for name, line in found.items()
        ),
        lambda width: _draw(material, found, width),
        Numbers(
            ("strategy", "draws", "pruned", *(f"best of {k}" for k in shown)),
            [
                (
                    name,
                    str(len(line)),
                    str(pruned[name]),
                    *(f"{line[k - 1]:.1f}" if k <= len(line) else "-" for k in shown),
                )
                for name, line in found.items()
            ],
        ),
    )


def _draw(material: Material, found: dict[str, list[float]], width: float) -> Drawing:
    low, high = around([v for line in found.values() for v in line], 1.0, 0.1)
    most = max(map(len, found.values()))
    sheet, panels = multiples(
        list(found), Axis("trials of the design", 0.5, most + 0.5), Axis("expected best, points", low, high), width
    )
    base = found.get(material.baseline_name)
    for (name, line), panel in zip(found.items(), panels, strict=True):
        if base and line is not base:
            sheet.add(Path([panel.at(k, v) for k, v in enumerate(base, 1)], CONTEXT, 2))
        sheet.add(Path([panel.at(k, v) for k, v in enumerate(line, 1)], ACCENT, 2))
        for k, v in enumerate(line, 1):
            sheet.add(Dot(panel.at(k, v), 2.5, ACCENT, hint=f"{name}, best of {k}: {v:.1f}"))
    return sheet
