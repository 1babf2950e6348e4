"""Small studies made of planted scores, so that tests know who should lead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ablate.data.labels import Labels
from ablate.metrics.measure import examine, validate
from ablate.results.record import Body, Records, key_of

DOCUMENTS, LABELS, TRAIN = 300, 12, 3000
PRIOR = np.geomspace(0.01, 0.3, LABELS)
COUNTS = np.round(PRIOR * TRAIN).astype(np.int64)
ALARMS = float(PRIOR.sum())


def labels(seed: int) -> Labels:
    drawn = np.random.default_rng(seed).random((DOCUMENTS, LABELS)) < PRIOR
    return Labels.from_lists([np.flatnonzero(row) for row in drawn], LABELS)


def scores(truth: Labels, evidence: float, seed: int, noise: float = 0.3) -> np.ndarray:
    """Prior log-odds plus ``evidence`` where a label is true; documents share noise between seeds, runs add theirs."""
    shared = np.random.default_rng(99).normal(size=(len(truth), truth.width))
    own = np.random.default_rng([7, seed]).normal(size=(len(truth), truth.width))
    return (np.log(PRIOR) + evidence * truth.dense() + shared + noise * own).astype(np.float32)


def body(arm: str, phase: str, seed: int, **changes: Any) -> Body:
    strategy = {"name": arm, "optimizer": {"scale": changes.pop("scale", 1.0)}}
    identity = {
        "schema": 1,
        "phase": phase,
        "strategy": strategy,
        "backbone": {"name": "bag", "weights_sha256": "none"},
        "data_sha256": "d" * 64,
        "alarms_per_document": ALARMS,
        "seed": seed,
    }
    whole: Body = {
        "schema": 1,
        "key": key_of(identity),
        "identity": identity,
        "arm": arm,
        "kind": "strategy",
        "part": "",
        "notes": [],
        "identity_of": "",
        "trial": None,
        "parameters": {"optimizer.scale": strategy["optimizer"]["scale"]},
        "status": "finished",
        "reason": "",
        "dataset": {
            "name": "planted",
            "sha256": "d" * 64,
            "documents": 4000,
            "labels": LABELS,
            "test_documents": DOCUMENTS,
        },
        "environment": {"python": "3.11"},
        "validation": {},
        "curve": {"steps": [0, 10, 20], "macro": [0.1, 0.4, 0.5], "micro": [0.1, 0.4, 0.5], "balanced": [], "loss": []},
        "stability": {"verdict": "settled", "worst_dip": 0.02, "spikes": 0.0, "gradient_norm": {"ratio": 2.0}},
        "truth": "",
        "measured": {"seconds": 12.0, "peak_memory_bytes": 1000},
    }
    return whole | changes


def tuned(arm: str, trial: int, balanced: float, seed: int = 1000, **changes: Any) -> Body:
    return body(arm, "tune", seed, trial=trial, validation={"balanced_recall": balanced}, **changes)


def write_truth(store: Records) -> str:
    truth = labels(1)
    names = [f"label {c}" for c in range(LABELS)]
    return store.write_truth(truth.indptr, truth.indices, LABELS, COUNTS, TRAIN, names)


def confirm(store: Records, arm: str, seed: int, evidence: float, **changes: Any) -> Body:
    """Measure planted scores like a run and keep the record."""
    validation, test = labels(0), labels(1)
    rule = validate(scores(validation, evidence, seed), validation, PRIOR, ALARMS)
    noise = changes.pop("tilt", 0.0)
    planted = scores(test, evidence, seed) + np.float32(noise) * np.linspace(1, -1, LABELS, dtype=np.float32)
    figures, arrays = examine(planted, test, COUNTS, PRIOR, ALARMS, rule)
    whole = body(arm, "confirm", seed, validation=rule, test=figures, truth=write_truth(store), **changes)
    store.write(whole, arrays)
    return whole


def study(store: Records, evidence: Mapping[str, float], seeds: int = 4) -> None:
    """An untuned study with one arm per name; ``prior-only`` is a control with one run."""
    for arm, strength in evidence.items():
        control = arm == "prior-only"
        changes = {"kind": "control", "stability": {}, "curve": {"steps": [], "macro": []}} if control else {}
        for seed in range(1 if control else seeds):
            confirm(store, arm, seed, strength, **changes)
