"""One row of a leaderboard: means over the confirm runs of one arm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean, median, stdev
from typing import Any

from ablate.results.record import Body
from ablate.results.statistics import Interval
from ablate.results.trials import drawn, expected_best, pruned
from ablate.results.wilson import wilson

Row = dict[str, Any]
CONTROLS = ("control", "ceiling")


def between(interval: Interval | None) -> dict[str, float] | None:
    """An interval as JSON."""
    return None if interval is None else {"mean": interval.mean, "low": interval.low, "high": interval.high}


def level(interval: Interval) -> dict[str, float]:
    """The interval of a share, which lies between 0 and 1, as JSON."""
    return {"mean": interval.mean, "low": max(0.0, interval.low), "high": min(1.0, interval.high)}


def mean_of(values: Sequence[Any]) -> Any:
    """Mean of what is alike in shape: numbers, or dictionaries of them key by key; None where no value is defined."""
    if any(isinstance(v, Mapping) for v in values):
        tables = [v for v in values if isinstance(v, Mapping)]
        return {key: mean_of([t.get(key) for t in tables]) for key in tables[0]}
    defined = [v for v in values if v is not None]
    if not defined:
        return None
    if isinstance(defined[0], list):
        return defined[0]  # a list is of one run alone: a ceiling's frontier
    whole = all(isinstance(v, int) for v in defined) and len(set(defined)) == 1
    return defined[0] if whole else fmean(defined)


def figures(finished: Sequence[Body]) -> Row:
    """Test figures of a row, each a mean over runs."""
    test: dict[str, Any] = mean_of([b["test"] for b in finished]) if finished else {}
    at_budget = test.get("at_budget") or {}
    return {
        "precision_at_budget": at_budget.get("precision"),
        "macro_f1": at_budget.get("macro_f1"),
        "micro_f1": at_budget.get("micro_f1"),
        **{name: test.get(name) for name in ("at_one_cut", "as_deployed", "at_half", "at_multiples")},
        **{name: test.get(name) for name in ("macro_ap", "macro_recall_5_plus", "dead_labels", "buckets")},
        **{name: test[name] for name in ("drawn", "frontier") if name in test},
        "tau": mean_of([b["validation"].get("tau") for b in finished]) if finished else None,
    }


def stability(runs: Sequence[Body], finished: Sequence[Body]) -> Row:
    """Verdicts over all runs of a row, failed ones too; None where the row is not trained step by step."""
    verdicts = Counter(_verdict(b) for b in runs)
    if not runs or set(verdicts) == {None}:
        return dict.fromkeys(UNTRAINED)
    settled = verdicts["settled"]
    low, high = (float(end) for end in wilson(settled, len(runs)))
    macro = {b["identity"]["seed"]: b["test"]["at_budget"]["macro_recall"] for b in finished}
    worst = min(macro, key=lambda seed: (macro[seed], seed)) if macro else None
    told = [b["stability"] for b in runs if b.get("stability")]
    return {
        "settled": f"{settled}/{len(runs)}",
        "settled_low": low,
        "settled_high": high,
        "worst_dip": _over(told, "worst_dip", max),
        "seed_sd": stdev(macro.values()) if len(macro) > 1 else None,
        "worst_seed": None if worst is None else {"seed": worst, "macro_recall": macro[worst]},
        "spikes": _over(told, "spikes", fmean),
        "verdicts": {str(v): n for v, n in sorted(verdicts.items(), key=lambda item: str(item[0]))},
        **{name: _over(told, name, fmean) for name in ("late_drift", "backtracking", "loss_backtracking", "loss_cv")},
        "gradient_norm_ratio": _over([s.get("gradient_norm") or {} for s in told], "ratio", median),
    }


UNTRAINED = ("settled", "settled_low", "settled_high", "worst_dip", "seed_sd", "worst_seed", "spikes", "verdicts")
"""What a row that is not trained step by step has none of."""


def _verdict(body: Body) -> str | None:
    if body["status"] == "failed":
        return "failed"
    verdict: str | None = (body.get("stability") or {}).get("verdict")
    return verdict


def _over(tables: Sequence[Mapping[str, Any]], name: str, summary: Callable[[list[float]], float]) -> float | None:
    values = [float(t[name]) for t in tables if t.get(name) is not None]
    return summary(values) if values else None


def best_point(finished: Sequence[Body]) -> float | None:
    """Median over runs of the best macro recall on the learning curve."""
    curves = _curves(finished)
    return median(max(macro) for _, macro in curves) if curves else None


def _curves(finished: Sequence[Body]) -> list[tuple[list[int], list[float]]]:
    """Steps and macro recall of the runs that have a whole curve."""
    curves = [b.get("curve") or {} for b in finished]
    return [(c["steps"], c["macro"]) for c in curves if c.get("macro") and None not in c["macro"]]


def steps_to_95(finished: Sequence[Body], target: float | None) -> Row | None:
    """Steps until a run has made 95 % of the way from its own start to ``target``, the baseline's median best.

    Time to target in the manner of AlgoPerf (Dahl et al., 2023). ``median`` is None where half of the runs or more
    never get there.
    """
    curves = _curves(finished)
    if target is None or not curves:
        return None
    times = sorted(_reached(steps, macro, target) for steps, macro in curves)
    middle, reached = median(times), sum(t < float("inf") for t in times)
    return {"median": None if middle == float("inf") else middle, "reached": f"{reached}/{len(times)}"}


def _reached(steps: Sequence[int], macro: Sequence[float], target: float) -> float:
    threshold = macro[0] + 0.95 * (target - macro[0])
    return next((float(s) for s, value in zip(steps, macro, strict=True) if value >= threshold), float("inf"))


def tuning(tuned: Sequence[Body]) -> Row:
    """How many configurations an arm was given, what became of their runs, and the expected best of k drawn ones."""
    trials = {b["trial"] for b in tuned if b.get("trial") is not None}
    states = Counter(b["status"] for b in tuned)
    return {
        "trials": len(trials),
        "tuning": {name: states[name] for name in ("finished", "pruned", "failed")},
        "expected_best": expected_best(drawn(tuned)) or None,
        "draws_pruned": pruned(tuned),
    }


def measured(runs: Sequence[Body], tuned: Sequence[Body]) -> Row:
    """What a clock measured: seconds and peak memory of a run, seconds spent on tuning."""
    spent = [b.get("measured") or {} for b in runs]
    return {
        "seconds": _over(spent, "seconds", fmean),
        "peak_memory_bytes": _over(spent, "peak_memory_bytes", max),
        "tuning_seconds": _over([b.get("measured") or {} for b in tuned], "seconds", sum),
    }
