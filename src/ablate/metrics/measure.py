"""What one run is worth: the rule chosen on validation, and the figures on test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.data.labels import Labels
from ablate.metrics.alarms import Adjustment, alarm_sets, budget, choose_tau, encode, top_pairs
from ablate.metrics.buckets import buckets, defined
from ablate.metrics.counts import Counts
from ablate.metrics.cuts import Scores, blocks
from ablate.metrics.ranking import average_precision

MULTIPLES = (0.5, 1.0, 2.0, 5.0)
"""Budgets beside the chosen one, in labels per training document (rho)."""

ENOUGH = 5  # test positives from which on a label's own recall says something


def point(scores: Scores, labels: Labels, k: int, seed: int = 0) -> tuple[float, float]:
    """Macro and micro recall with ``k`` alarms on the scores as they are: one point of a learning curve."""
    counts = Counts.of_pairs(top_pairs(scores, k, seed), labels)
    return counts.macro_recall, counts.micro_recall


def validate(
    scores: Scores,
    labels: Labels,
    prior: NDArray[np.float64],
    alarms_per_document: float,
    seed: int = 0,
    given: Adjustment | None = None,
) -> dict[str, Any]:
    """Choose the strength of the prior adjustment on validation, unless it is given, and say what it reaches there.

    ``cut`` is the lowest adjusted score that raises an alarm at budget, for use on new documents. ``prior`` is the
    share of training documents with each label, [L]. Raises ValueError for scores that are not finite.
    """
    _check(scores, labels)
    k = budget(len(labels), alarms_per_document)
    tau, scale, balanced = (
        choose_tau(scores, labels, prior, k, seed) if given is None else (given.tau, given.scale, float("nan"))
    )
    offsets = Adjustment(tau, scale).shift(prior)
    (pairs,) = alarm_sets(scores, [k], seed, offsets)
    counts = Counts.of_pairs(pairs, labels)
    return {
        "tau": tau,
        "scale": scale,
        "cut": float(_at(scores, pairs, offsets).min()),
        "balanced_recall": balanced if given is None else (counts.macro_recall + counts.micro_recall) / 2,
        **_recalls(counts),
        "at_one_cut": _recalls(Counts.of_pairs(top_pairs(scores, k, seed), labels)),
    }


def examine(
    scores: Scores,
    labels: Labels,
    counts_train: NDArray[np.integer],
    prior: NDArray[np.float64],
    alarms_per_document: float,
    rule: Mapping[str, Any],
    native_cut: float = 0.0,
    seed: int = 0,
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Figures on test under the rule that :func:`validate` chose, and the arrays that a record keeps.

    Each rule has macro and micro recall and F1, (micro) precision and alarms per document.
    ``at_half`` raises an alarm where the model's own score is above ``native_cut`` (probability one half). Arrays:
    ``alarms``, the alarm set at budget as :func:`~ablate.metrics.alarms.encode` packs it; for each rule
    ``true_positives_RULE`` and ``alarms_RULE``, int32 [L]; ``average_precision``, float32 [L].
    Undefined figures are None.
    """
    _check(scores, labels)
    adjustment = Adjustment(rule["tau"], rule["scale"])
    cardinality = float(prior.sum())  # the priors sum to labels per training document
    budgets = [budget(len(labels), alarms) for alarms in (alarms_per_document, *(m * cardinality for m in MULTIPLES))]
    pairs, *others = alarm_sets(scores, budgets, seed, adjustment.shift(prior))
    counts = {
        "at_budget": Counts.of_pairs(pairs, labels),
        "at_one_cut": Counts.of_pairs(top_pairs(scores, len(pairs), seed), labels),
        "as_deployed": Counts.of_rule(scores, labels, lambda z: adjustment.apply(z, prior) >= np.float32(rule["cut"])),
        "at_half": Counts.of_rule(scores, labels, lambda z: z > native_cut),
    }
    multiples = {f"{m:g}": Counts.of_pairs(alarms, labels) for m, alarms in zip(MULTIPLES, others, strict=True)}
    precision = average_precision(scores, labels)
    figures: dict[str, Any] = {
        **{name: figures_of(c) for name, c in counts.items()},
        "at_multiples": {name: figures_of(c) for name, c in multiples.items()},
        **_whole(counts["at_budget"], precision),
        "buckets": buckets(counts["at_budget"], counts_train),
    }
    figures["at_half"]["micro_precision"] = figures["at_half"].pop("precision")
    arrays = _arrays({**counts, **{f"at_multiple_{m}": c for m, c in multiples.items()}})
    arrays["alarms"] = encode(pairs, scores.size)
    arrays["average_precision"] = precision.astype(np.float32)
    return figures, arrays


def _at(scores: Scores, pairs: NDArray[np.int64], offsets: Scores | None) -> Scores:
    """Adjusted scores of some pairs."""
    rows, columns = np.divmod(pairs, scores.shape[1])
    values: Scores = scores[rows, columns]
    return values if offsets is None else values - offsets[columns]


def finite(scores: Scores) -> bool:
    """Whether no score is infinite or NaN, read block by block."""
    return all(bool(np.isfinite(block).all()) for _, block in blocks(scores))


def _whole(at_budget: Counts, precision: NDArray[np.float64]) -> dict[str, Any]:
    present = at_budget.present
    return {
        "macro_ap": defined(float(precision[present].mean())) if present.any() else None,
        "macro_recall_5_plus": defined(at_budget.among(at_budget.positives >= ENOUGH).macro_recall),
        "dead_labels": defined(at_budget.dead_labels),
        "labels": int(present.sum()),
        "labels_5_plus": int((at_budget.positives >= ENOUGH).sum()),
        "labels_without_test_positive": int((~present).sum()),
        "labels_with_1_2_test_positives": int(((at_budget.positives > 0) & (at_budget.positives <= 2)).sum()),
    }


def _recalls(counts: Counts) -> dict[str, float | None]:
    return {"macro_recall": defined(counts.macro_recall), "micro_recall": defined(counts.micro_recall)}


def figures_of(counts: Counts) -> dict[str, float | None]:
    """Macro and micro recall and F1, precision and alarms per document; None where a figure is undefined."""
    return {
        **_recalls(counts),
        "precision": defined(counts.precision),
        "macro_f1": defined(counts.macro_f1),
        "micro_f1": defined(counts.micro_f1),
        "alarms_per_document": defined(counts.alarms_per_document),
    }


def _arrays(counts: Mapping[str, Counts]) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    for name, c in counts.items():
        arrays[f"true_positives_{name}"] = c.true_positives.astype(np.int32)
        arrays[f"alarms_{name}"] = c.alarms.astype(np.int32)
    return arrays


def _check(scores: Scores, labels: Labels) -> None:
    if scores.shape != (len(labels), labels.width):
        raise ValueError(f"scores are {scores.shape}, labels {(len(labels), labels.width)}")
    if not finite(scores):
        raise ValueError("scores hold a value that is not finite")
