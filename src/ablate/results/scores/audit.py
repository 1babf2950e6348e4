"""An audit: what a model's scores are worth, and how much of what is missing is the decision rule alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ablate.data.labels import Labels
from ablate.data.splits import listed
from ablate.errors import AblateError
from ablate.metrics.alarms import budget, top_pairs
from ablate.metrics.buckets import buckets, defined
from ablate.metrics.counts import Counts
from ablate.metrics.ranking import average_precision
from ablate.results.scores.names import checked_names, read_names
from ablate.results.scores.rules import DecisionRule, chosen, in_scale, own_cuts, prior_adjusted
from ablate.results.scores.separation import separation
from ablate.results.scores.table import Reading, ScoreTable, Side, read_scores
from ablate.results.scores.training import Training, estimated, from_counts, from_labels
from ablate.results.statistics import Resampler, Sample, interval
from ablate.results.weights.counts import of_mapping, read_counts
from ablate.results.wilson import wilson

DRAWS = 1000


@dataclass(frozen=True, eq=False)
class Audit:
    """What an audit found.

    ``figures`` are ready for JSON; ``labels`` has a row per label; ``cuts`` is what to deploy, ready for JSON.
    """

    figures: Mapping[str, Any]
    labels: pd.DataFrame
    cuts: Mapping[str, Any]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        from ablate.results.scores.words import report

        return report(self)

    @property
    def frame(self) -> pd.DataFrame:
        """Macro and micro recall, precision, alarms per document and share of dead labels, a row per decision rule."""
        frame = pd.DataFrame.from_dict(dict(self.figures["rules"]), orient="index", dtype=float)
        return frame.rename_axis("rule")

    def _repr_html_(self) -> str:
        from ablate.results.scores.words import told

        return f"{self.frame.to_html()}<p>{escape(told(self))}</p>"

    def as_json(self) -> dict[str, Any]:
        """Figures, cuts, notes and labels for machines."""
        rows = self.labels.astype(object).where(self.labels.notna(), None).to_dict(orient="records")
        return {**self.figures, "cuts": self.cuts, "notes": list(self.notes), "per_label": rows}


def audit(
    scores: str | Path | pd.DataFrame,
    *,
    counts: str | Path | Mapping[str, int] | pd.Series | None = None,
    documents: int | None = None,
    label_names: str | Path | Sequence[str] | None = None,
    labels: str = "labels",
    label_separator: str | None = None,
    drop_unscored: bool = False,
    scale: str | None = None,
    alarms_per_document: float | None = None,
) -> Audit:
    """Audit the scores of any model: a Parquet or CSV file, or a frame, with one row per document.

    It has a column of labels, a column ``split`` (validation or test) and one column of scores per label, or ``scores``
    as lists with ``label_names``. ``counts`` are training documents by label (a file of ``label,count``, or a mapping)
    out of ``documents``; without them, rows marked train tell, else validation. ``labels`` names the column of labels,
    ``label_separator`` what separates them in a text; ``drop_unscored`` leaves out labels without scores, ``scale``
    tells logits from probabilities. Alarms are as many as there are labels in training, or ``alarms_per_document``.

    Raises:
        AblateError: anything wrong with what is given, with its place and remedy.
    """
    if documents is not None and counts is None:
        raise AblateError("--documents goes with --counts: the number of documents that were counted; give both")
    if alarms_per_document is not None and not 0 < alarms_per_document < np.inf:
        raise AblateError(f"--alarms-per-document is {alarms_per_document}; give a number above 0")
    counted = _counted(counts)
    reading = Reading(labels, label_separator, scale, drop_unscored)
    table = read_scores(scores, reading, _named(label_names), counted)
    training = _training(table, counted, documents, "counts" if not isinstance(counts, str | Path) else str(counts))
    table, training, notes = _trained_only(table, training)
    if alarms_per_document is not None:
        notes = (*notes, f"budget as asked: labels per training document are {training.per_document:.2f}")
    return _audited(table, training, alarms_per_document or training.per_document, notes)


def _counted(counts: str | Path | Mapping[str, int] | pd.Series | None) -> dict[str, int] | None:
    if counts is None:
        return None
    if isinstance(counts, str | Path):
        return read_counts(Path(counts))
    return of_mapping({str(name): count for name, count in counts.items()})


def _named(names: str | Path | Sequence[str] | None) -> tuple[str, ...] | None:
    if names is None:
        return None
    return read_names(Path(names)) if isinstance(names, str | Path) else checked_names(list(names), "label_names")


def _training(table: ScoreTable, counted: dict[str, int] | None, documents: int | None, place: str) -> Training:
    if counted is not None:
        return from_counts(counted, table.names, documents, table.validation.labels, Path(place).name)
    if table.train is not None:
        return from_labels(table.train, f"the {len(table.train):,} rows marked train")
    return estimated(table.validation.labels)


def _trained_only(table: ScoreTable, training: Training) -> tuple[ScoreTable, Training, tuple[str, ...]]:
    """Without the labels of no training document, as everywhere in ``ablate``."""
    kept = np.flatnonzero(training.trained)
    notes = (*table.notes, f"training counts: {training.origin}")
    if len(kept) == len(table.names):
        return table, training, notes
    left = [table.names[i] for i in np.flatnonzero(~training.trained)]
    sides = [Side(side.scores[:, kept], side.labels.keep(kept)) for side in (table.validation, table.test)]
    names = tuple(table.names[i] for i in kept)
    table = replace(table, names=names, validation=sides[0], test=sides[1], train=None)
    training = replace(training, positives=training.positives[kept], prior=training.prior[kept])
    return table, training, (*notes, f"labels without a training document, left out: {listed(left)}")


def _audited(table: ScoreTable, training: Training, per_document: float, notes: tuple[str, ...]) -> Audit:
    held, test, prior = table.validation, table.test, training.prior
    for side, name in ((held, "validation"), (test, "test")):
        if not len(side.labels.indices):
            raise AblateError(f"{table.name}: no {name} row carries a scored label; label some, or name another split")
    rules = (prior_adjusted(held, prior, per_document), own_cuts(held, prior, per_document))
    deployed = chosen(*rules)
    spread = float(np.std(held.scores, dtype=np.float64))
    cuts = deployed.cuts(prior, spread)
    pairs = _alarms(test, rules, prior, budget(len(test.labels), per_document))
    found = {name: Counts.of_pairs(raised, test.labels) for name, raised in pairs.items()}
    half = Counts.of_mask(test.scores > 0, test.labels)
    real = Counts.of_mask(test.scores >= cuts.astype(np.float32), test.labels)
    pairs["at_half"] = _hits(test.scores > 0, test.labels)
    figures = {
        "name": table.name,
        "documents": {"validation": len(held.labels), "test": len(test.labels)},
        "labels": len(table.names),
        "scale": table.scale,
        "alarms_per_document": per_document,
        "training_counts": training.origin,
        "rules": {name: _figures(counts) for name, counts in {"at_half": half, **found, "as_deployed": real}.items()},
        "deployed": {"rule": deployed.name, "tau": deployed.adjustment.tau, "scale": deployed.adjustment.scale},
        **_gains(pairs, found, half, deployed, test.labels),
        "macro_ap": None,
        "buckets": buckets(found[deployed.name], training.positives.astype(np.int64)) if training.known else None,
    }
    labels = _labels(table, training, found[deployed.name], half, in_scale(cuts, table.scale))
    present = test.labels.counts() > 0
    figures["macro_ap"] = defined(float(labels["average_precision"][present].mean()))
    figures["verdicts"] = {str(k): int(v) for k, v in labels["verdict"].value_counts().items()}
    return Audit(figures, labels, _deployment(table, deployed, labels, per_document, real), notes)


def _alarms(
    test: Side, rules: Sequence[DecisionRule], prior: NDArray[np.float64], k: int
) -> dict[str, NDArray[np.int64]]:
    """Alarm sets of exactly ``k`` pairs, by rule."""
    pairs = {"one cut": top_pairs(test.scores, k)}
    return pairs | {rule.name: top_pairs(rule.margins(test.scores, prior), k) for rule in rules}


def _hits(mask: NDArray[np.bool_], labels: Labels) -> NDArray[np.int64]:
    """The alarms of a mask that are right: all that recall needs, however many alarms there are."""
    found = mask[labels.rows, labels.indices]
    return labels.rows[found] * labels.width + labels.indices[found]


def _gains(
    pairs: Mapping[str, NDArray[np.int64]],
    found: Mapping[str, Counts],
    half: Counts,
    deployed: DecisionRule,
    labels: Labels,
) -> dict[str, Any]:
    """Macro and micro recall won by the deployed rule at budget, over 0.5 and over one cut with as many alarms."""
    resampler = Resampler(labels, DRAWS)
    draws = {name: resampler.recalls(pairs[name]) for name in {"at_half", "one cut", deployed.name}}
    best = found[deployed.name]
    gains: dict[str, Any] = {}
    for key, name, counts in (("over_half", "at_half", half), ("over_one_cut", "one cut", found["one cut"])):
        macro = _gain(best.macro_recall - counts.macro_recall, draws[deployed.name][0] - draws[name][0])
        micro = _gain(best.micro_recall - counts.micro_recall, draws[deployed.name][1] - draws[name][1])
        gains[key] = {"macro_recall": macro, "micro_recall": micro}
    return gains


def _gain(value: float, draws: NDArray[np.float64]) -> dict[str, float]:
    return dict(vars(interval(Sample((0,), np.array([value]), draws[None]))))


def _figures(counts: Counts) -> dict[str, float | None]:
    return {
        "macro_recall": defined(counts.macro_recall),
        "micro_recall": defined(counts.micro_recall),
        "precision": defined(counts.precision),
        "alarms_per_document": defined(counts.alarms_per_document),
        "dead_labels": defined(counts.dead_labels),
    }


def _labels(
    table: ScoreTable, training: Training, best: Counts, half: Counts, cuts: NDArray[np.float64]
) -> pd.DataFrame:
    low, high = wilson(best.true_positives, best.positives)
    frame = pd.DataFrame(
        {
            "label": list(table.names),
            "training_positives": training.positives.astype(np.int64) if training.known else np.nan,
            "test_positives": best.positives,
            "recall_at_half": half.recall,
            "alarms_at_half": half.alarms,
            "recall": best.recall,
            "low": low,
            "high": high,
            "alarms": best.alarms,
            "cut": cuts,
            "average_precision": average_precision(table.test.scores, table.test.labels),
        }
    )
    return frame.join(separation(table.validation, table.test))


def _deployment(
    table: ScoreTable, rule: DecisionRule, labels: pd.DataFrame, per_document: float, real: Counts
) -> dict[str, Any]:
    return {
        "rule": rule.name,
        "raise_where": "score >= cut",
        "scale": table.scale,
        "tau": rule.adjustment.tau,
        "spread_ratio": rule.adjustment.scale,
        "alarms_per_document": {"expected": per_document, "on_test": real.alarms_per_document},
        "cuts": dict(zip(labels["label"], labels["cut"].astype(float), strict=True)),
    }
