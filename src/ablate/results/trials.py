"""What tuning is expected to reach with k trials of the quasi-random design that all arms share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import comb

from ablate.results.record import Body

DRAWN = range(1, 9)
"""Numbers of the trials of the shared design: after the defaults (0), before proposals that look at results."""


def expected_best(scores: Sequence[float]) -> list[float]:
    """Expected best of k = 1 ... n of these n trials, drawn from them without replacement.

    The mean of the best over all sets of k: with v ascending, sum over i of v[i] C(i - 1, k - 1) / C(n, k) (Tang et
    al., 2020, for the curve of Dodge et al., 2019). For independent trials that is an unbiased estimate; the points of
    one scrambled Sobol net, which lie further apart, are not independent, and it describes them alone.
    """
    ascending, n = sorted(scores), len(scores)
    return [sum(v * comb(i, k - 1) for i, v in enumerate(ascending)) / comb(n, k) for k in range(1, n + 1)]


def drawn(tuned: Iterable[Body]) -> list[float]:
    """Scores on validation of one arm in the shared quasi-random design, by trial.

    A proposal that looks at earlier results counts for nothing here. A trial that was stopped early counts with the
    best point that it had reached, which it might have surpassed, a failed one with 0.
    """
    found = _design(tuned)
    return [_score(found[trial]) for trial in sorted(found)]


def pruned(tuned: Iterable[Body]) -> int:
    """How many of these were stopped early."""
    return sum(body["status"] == "pruned" for body in _design(tuned).values())


def _design(tuned: Iterable[Body]) -> dict[int, Body]:
    return {int(b["trial"]): b for b in tuned if b.get("trial") is not None and int(b["trial"]) in DRAWN}


def _score(body: Body) -> float:
    if body["status"] == "finished":
        return float((body.get("validation") or {}).get("balanced_recall") or 0.0)
    reached = [v for v in (body.get("curve") or {}).get("balanced") or [] if v is not None]
    return max(map(float, reached), default=0.0) if body["status"] == "pruned" else 0.0
