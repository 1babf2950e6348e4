"""Recall on documents that were drawn given a label: as many for every label, so that the tail can be seen.

The cut comes from the independent test documents, each label's recall from its own documents. Every label then has the
same standard error, and no importance weight is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.metrics.alarms import Adjustment
from ablate.metrics.buckets import BUCKETS, defined
from ablate.metrics.cuts import Cut as BlockCut
from ablate.metrics.cuts import Scores, cut_of


@dataclass(frozen=True)
class Cut:
    """The lowest score that raises an alarm, and the share of the pairs of just this score that do."""

    score: float
    share: float


def drawn(
    scores: Scores,
    drawn_for: NDArray[np.int64],
    counts_train: NDArray[np.integer],
    prior: NDArray[np.float64],
    rule: Mapping[str, Any],
    cuts: Mapping[str, Cut],
    native_cut: float = 0.0,
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Macro recall over all L labels at the cuts of the test documents, and what each label found.

    ``scores`` [n, L] are of documents drawn given the label ``drawn_for`` [n]; ``rule`` is what validation chose,
    ``cuts`` are those of :func:`cuts`.
    Pairs tied with a cut count with the share that raised an alarm there. Arrays: ``drawn_documents`` int32 [L] and,
    for each rule, ``drawn_found_RULE`` float32 [L].
    """
    own = scores[np.arange(len(drawn_for)), drawn_for]
    offsets = Adjustment(rule["tau"], rule["scale"]).offsets(prior)
    found = {
        "at_budget": _raised(own - offsets[drawn_for], cuts["at_budget"]),
        "at_one_cut": _raised(own, cuts["at_one_cut"]),
        "at_half": (own > native_cut).astype(np.float64),
    }
    documents = np.bincount(drawn_for, minlength=len(prior))
    counts: dict[str, NDArray[np.float64]] = {
        name: np.bincount(drawn_for, hit, minlength=len(prior)).astype(np.float64) for name, hit in found.items()
    }
    figures: dict[str, Any] = {name: {"macro_recall": _macro(c, documents)} for name, c in counts.items()}
    figures["buckets"] = {
        name: _macro(counts["at_budget"][mine], documents[mine])
        for name, (low, high) in BUCKETS.items()
        for mine in [(counts_train >= low) & (counts_train < high)]
    }
    figures["documents_per_label"] = int(min(documents[documents > 0], default=0))
    arrays: dict[str, NDArray[Any]] = {f"drawn_found_{name}": c.astype(np.float32) for name, c in counts.items()}
    return figures, {**arrays, "drawn_documents": documents.astype(np.int32)}


def cuts(scores: Scores, alarms: int, prior: NDArray[np.float64], rule: Mapping[str, Any]) -> dict[str, Cut]:
    """The cuts ``at_budget`` (adjusted) and ``at_one_cut`` that raise so many alarms on test scores [M, L]."""
    offsets = Adjustment(rule["tau"], rule["scale"]).offsets(prior)
    return {"at_budget": _cut(cut_of(scores, alarms, offsets)), "at_one_cut": _cut(cut_of(scores, alarms))}


def _cut(found: BlockCut) -> Cut:
    above = len(found.above())
    return Cut(float(found.floor), (found.k - above) / found.tied)


def _raised(scores: Scores, cut: Cut) -> NDArray[np.float64]:
    """Whether each score raises an alarm, or its chance to where it is tied with the cut."""
    lowest = np.float32(cut.score)
    return np.asarray((scores > lowest) + cut.share * (scores == lowest), dtype=np.float64)


def _macro(found: NDArray[np.float64], documents: NDArray[np.int64]) -> float | None:
    present = documents > 0
    return defined(float((found[present] / documents[present]).mean())) if present.any() else None
