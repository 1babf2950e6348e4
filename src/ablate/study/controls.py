"""The rows that stand on every board whatever is asked for: what a remedy has to beat."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.catalog import CEILINGS
from ablate.catalog import CONTROLS as NAMES
from ablate.results.record import SCHEMA, Body, key_of
from ablate.study.ceilings import BAYES, Scored, ceiling, frontier
from ablate.study.content import content
from ablate.study.execute import describe, environment, peak_memory
from ablate.study.judge import judge
from ablate.study.linear import TfidfLinear
from ablate.train.prepared import Prepared
from ablate.train.setting import Setting


def predict_everything(prepared: Prepared) -> Scored:
    """Raise every label for every document: recall 1 at 0.5, and chance at equal alarms."""
    return Scored(lambda split: np.ones(_shape(prepared, split), np.float32))


def prior_only(prepared: Prepared) -> Scored:
    """Score every document by the labels' training frequencies alone."""
    odds = prepared.stats().log_odds.numpy()
    return Scored(lambda split: np.broadcast_to(odds, _shape(prepared, split)).copy())


def tfidf_linear(prepared: Prepared) -> Scored:
    """One-vs-rest logistic regression on TF-IDF of words and word pairs."""
    part = prepared.dataset.part
    model = TfidfLinear().fit(*part("train"), *part("validation"))
    return Scored(lambda split: model.scores(part(split)[0]), notes=model.notes)


#: How each control scores, by the names that the catalog reserves.
CONTROLS: dict[str, Callable[[Prepared], Scored]] = dict(
    zip(NAMES, (predict_everything, prior_only, tfidf_linear), strict=True)
)


def names(prepared: Prepared) -> tuple[str, ...]:
    """The rows that stand beside the strategies on this data set: controls, and ceilings where the truth is known."""
    return (*CONTROLS, *(CEILINGS if prepared.dataset.oracle is not None else ()))


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
    scored = CONTROLS[name](prepared) if name in CONTROLS else ceiling(name, prepared)
    figures, arrays = judge(prepared, setting.alarms_per_document, scored.scores, scored.native_cut, given=scored.given)
    if name == BAYES:
        figures["test"]["frontier"] = frontier(prepared, setting.alarms_per_document)
    body: Body = {
        **_account(name, setting, truth),
        "notes": list(scored.notes),
        "status": "finished",
        "reason": "",
        **figures,
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
        "kind": "ceiling" if name in CEILINGS else "control",
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
