"""What tuning gained: an arm's chosen configuration against its defaults, on the same fresh seeds."""

from __future__ import annotations

from collections.abc import Sequence

from ablate.results.record import Body
from ablate.results.rows import Row, between, level
from ablate.results.statistics import Sample, interval, paired

Arm = tuple[Row, Sequence[Body], Sequence[Body], Sample | None, Sample | None]
"""A row of the board; its confirm runs and those of its defaults; the macro recall at budget of either."""


def fill_defaults(arms: Sequence[Arm]) -> None:
    """Fill in ``at_defaults`` of each row: runs, macro recall at budget, and the gain of tuning, paired by seed.

    Only where a study has confirmed defaults that tuning did not choose; an arm whose defaults were chosen then has
    a gain of exactly 0, since the same runs are both.
    """
    if not any(_others(runs, untuned) for _, runs, untuned, _, _ in arms):
        return
    for row, _, untuned, chosen, defaults in arms:
        row["at_defaults"] = _figures(untuned, chosen, defaults) if defaults is not None else None


def _others(runs: Sequence[Body], untuned: Sequence[Body]) -> bool:
    return bool({b["key"] for b in untuned} - {b["key"] for b in runs})


def _figures(untuned: Sequence[Body], chosen: Sample | None, defaults: Sample) -> Row:
    gain = paired(chosen, defaults) if chosen is not None else None
    return {
        "runs": len(defaults.values),
        "runs_failed": sum(b["status"] == "failed" for b in untuned),
        "macro_recall_at_budget": level(interval(defaults)),
        "tuning_gain": between(interval(gain)) if gain else None,
    }
