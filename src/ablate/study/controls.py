"""The rows that stand on every board whatever is asked for: what a remedy has to beat."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.catalog import CONTROLS as NAMES
from ablate.metrics.measure import examine, validate
from ablate.results.record import SCHEMA, Body, key_of
from ablate.study.content import content
from ablate.study.execute import describe, environment, peak_memory
from ablate.study.linear import TfidfLinear
from ablate.train.prepared import Prepared
from ablate.train.setting import Setting

Scores = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Scored:
    """Scores of validation and test, what "at 0.5" means for them, and what a reader has to know."""

    validation: Scores
    test: Scores
    native_cut: float = 0.0
    notes: tuple[str, ...] = ()


def predict_everything(prepared: Prepared) -> Scored:
    """Raise every label for every document: recall 1 at 0.5, and chance at equal alarms."""
    validation, test = (np.ones(_shape(prepared, split), np.float32) for split in ("validation", "test"))
    return Scored(validation, test)


def prior_only(prepared: Prepared) -> Scored:
    """Score every document by the labels' training frequencies alone."""
    odds = prepared.stats().log_odds.numpy()
    validation, test = (np.broadcast_to(odds, _shape(prepared, split)).copy() for split in ("validation", "test"))
    return Scored(validation, test)


def tfidf_linear(prepared: Prepared) -> Scored:
    """One-vs-rest logistic regression on TF-IDF of words and word pairs."""
    parts = {split: prepared.dataset.part(split) for split in ("train", "validation", "test")}
    model = TfidfLinear().fit(*parts["train"], *parts["validation"])
    validation, test = (model.scores(parts[split][0]) for split in ("validation", "test"))
    return Scored(validation, test, notes=model.notes)


#: How each control scores, by the names that the catalog reserves.
CONTROLS: dict[str, Callable[[Prepared], Scored]] = dict(
    zip(NAMES, (predict_everything, prior_only, tfidf_linear), strict=True)
)


def identity(name: str, setting: Setting) -> dict[str, Any]:
    """What determines a control's record."""
    dataset = setting.prepared.dataset
    return {
        "schema": SCHEMA,
        "phase": "confirm",
        "strategy": {"name": name, "control": name},
        "backbone": {"name": name, "weights_sha256": "none"},
        "data_sha256": dataset.sha256,
        "content_sha256": content(dataset),
        "split_seed": dataset.split_seed,
        "device": "cpu",
        "alarms_per_document": setting.alarms_per_document,
        "seed": 0,
    }


def execute(name: str, setting: Setting, truth: str) -> tuple[Body, dict[str, NDArray[Any]]]:
    """Compute a control and account for it like a run."""
    started = time.perf_counter()
    prepared = setting.prepared
    scored = CONTROLS[name](prepared)
    labels = prepared.labels
    prior = np.asarray(prepared.stats().prior.double().numpy())
    alarms = setting.alarms_per_document
    validation = validate(scored.validation, labels["validation"], prior, alarms)
    test, arrays = examine(
        scored.test, labels["test"], labels["train"].counts(), prior, alarms, validation, scored.native_cut
    )
    body: Body = {
        **_account(name, setting, truth),
        "notes": list(scored.notes),
        "status": "finished",
        "reason": "",
        "validation": validation,
        "test": test,
        "measured": {"seconds": time.perf_counter() - started, "peak_memory_bytes": peak_memory(setting)},
    }
    return body, arrays


def lost(name: str, setting: Setting, truth: str, reason: str) -> Body:
    """The account of a control that could not be computed: failed, with its reason and without a figure."""
    return {
        **_account(name, setting, truth),
        "notes": [],
        "status": "failed",
        "reason": reason,
        "validation": {},
        "measured": {"seconds": 0.0},
    }


def _account(name: str, setting: Setting, truth: str) -> Body:
    """What a record says of a control before it is computed."""
    named = identity(name, setting)
    return {
        "schema": SCHEMA,
        "key": key_of(named),
        "identity": named,
        "arm": name,
        "kind": "control",
        "part": "",
        "identity_of": "",
        "trial": None,
        "parameters": {},
        "dataset": describe(setting),
        "environment": {k: v for k, v in environment(setting).items() if k != "standardiser_sha256"},
        "curve": {"steps": [], "macro": [], "micro": [], "balanced": [], "loss": []},
        "stability": {},
        "truth": truth,
    }


def _shape(prepared: Prepared, split: str) -> tuple[int, int]:
    return len(prepared.rows[split]), prepared.dataset.labels.width
