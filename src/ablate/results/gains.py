"""Threshold or training: what is left of a strategy's gain when every row cuts alike.

See ``docs/decisions/0016-threshold-or-training.md`` for the rule of the reading.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ablate.results.record import Body, Records
from ablate.results.rows import between
from ablate.results.simultaneous import ONE_BASELINE, Floats, halves
from ablate.results.statistics import LEVEL, Interval, Sample, paired

FIGURES = ("at_half", "at_one_cut", "at_budget", "macro_ap")
"""Macro recall at the model's own cut, with one cut, with the prior-adjusted cut; macro average precision."""

CUTS = ("at_half", "at_one_cut")  # whose gain may be a mere shift of cuts


@dataclass(frozen=True)
class Runs:
    """The finished confirm runs of one strategy and its macro recall at budget, with draws of documents."""

    arm: str
    finished: Sequence[Body]
    macro: Sample | None


def gains(arms: Sequence[Runs], baseline: str, store: Records) -> list[dict[str, Any]]:
    """A row for each strategy but the baseline: its gains in :data:`FIGURES` with intervals, and the reading.

    A figure that records lack, or that fewer than two seeds have in common, is None; so is a reading without it.
    """
    base = next((runs for runs in arms if runs.arm == baseline), None)
    others = [runs for runs in arms if runs.arm != baseline and runs.finished]
    if base is None or not base.finished:
        return []
    tests = {name: len(CUTS) if name in CUTS else 1 for name in FIGURES}
    found = {name: _intervals([_delta(runs, base, name) for runs in others], tests[name]) for name in FIGURES}
    excess = {name: _intervals([_excess(runs, base, name, store) for runs in others], len(CUTS)) for name in CUTS}
    return [
        {
            "strategy": runs.arm,
            **{name: between(column[i]) for name, column in found.items()},
            "excess": {name: between(column[i]) for name, column in excess.items()},
            "reading": reading({name: c[i] for name, c in found.items()}, {name: c[i] for name, c in excess.items()}),
        }
        for i, runs in enumerate(others)
    ]


def reading(gain: Mapping[str, Interval | None], excess: Mapping[str, Interval | None]) -> str | None:
    """Training, threshold, both or neither, and whether it is worse; None where the ranking figure is missing."""
    left = gain["at_budget"]
    if left is None:
        return None
    moves = any(_above(gain[name]) and _above(excess[name]) for name in CUTS)
    word = ("both" if moves else "training") if _above(left) else ("threshold" if moves else "neither")
    return word + (", worse" if left.high < 0 else "")


def _above(found: Interval | None) -> bool:
    return found is not None and found.low > 0


def _intervals(deltas: Sequence[Sample | None], tests: int) -> list[Interval | None]:
    """Intervals that hold for a whole column at once; None where two seeds are not to be had.

    ``tests``: for so many columns at once, where one question is asked of each of them (Sidak, 1967).
    """
    known = [i for i, delta in enumerate(deltas) if delta is not None and len(delta.seeds) > 1]
    samples = [delta for i in known if (delta := deltas[i]) is not None]
    result: list[Interval | None] = [None] * len(deltas)
    if samples:
        half = halves(samples, ONE_BASELINE, 1 - LEVEL ** (1 / (tests * len(samples))))
        for i, sample, h in zip(known, samples, half, strict=True):
            mean = float(sample.values.mean())
            result[i] = Interval(mean, mean - float(h), mean + float(h))
    return result


def _delta(runs: Runs, base: Runs, name: str) -> Sample | None:
    mine, theirs = _sample(runs, name), _sample(base, name)
    return paired(mine, theirs) if mine and theirs else None


def _sample(runs: Runs, name: str) -> Sample | None:
    if name == "at_budget":
        return runs.macro
    found = {int(b["identity"]["seed"]): _figure(b, name) for b in runs.finished}
    kept = {seed: value for seed, value in found.items() if value is not None}
    return _spread(tuple(kept), np.array(list(kept.values())), 0.0) if kept else None


def _figure(body: Body, name: str) -> float | None:
    found = body["test"].get(name)
    value = found.get("macro_recall") if isinstance(found, Mapping) else found
    return None if value is None else float(value)


def _spread(seeds: tuple[int, ...], values: Floats, documents: float) -> Sample:
    """A sample whose documents have this deviation: two draws that lie as far apart as to have it."""
    return Sample(seeds, values, values[:, None] + documents / np.sqrt(2) * np.array([-1.0, 1.0]))


def _excess(runs: Runs, base: Runs, name: str, store: Records) -> Sample | None:
    """The gain in a figure less the gain at budget, with the noise of documents that either model's own shift has."""
    cut, budget = _delta(runs, base, name), _delta(runs, base, "at_budget")
    if cut is None or budget is None:
        return None
    seeds = tuple(seed for seed in cut.seeds if seed in budget.seeds)
    variances = [_shift_variance(side.finished, name, store) for side in (runs, base)]
    if not seeds or None in variances:
        return None
    values = cut.at(seeds).values - budget.at(seeds).values
    return _spread(seeds, values, float(np.sqrt(sum(v for v in variances if v is not None))))


def _shift_variance(finished: Sequence[Body], name: str, store: Records) -> float | None:
    """Variance over documents of macro recall under one cut less that at budget, for one model; a mean over runs."""
    positives = store.truth(finished[0]["truth"]).labels.counts()
    present = positives > 0
    weights = 1 / positives[present]
    found = []
    for body in finished:
        arrays = store.arrays(body["key"])
        if f"true_positives_{name}" not in arrays or "true_positives_at_budget" not in arrays:
            return None
        moved = np.abs(arrays[f"true_positives_{name}"].astype(float) - arrays["true_positives_at_budget"])[present]
        share = float(np.average(moved * weights, weights=weights))
        found.append(share * (1 - share) * float(weights.sum()) / int(present.sum()) ** 2)
    return float(np.mean(found))
