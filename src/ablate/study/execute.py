"""From one run to its record."""

from __future__ import annotations

import platform
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ablate.catalog import DECISIONS
from ablate.data.labels import Labels
from ablate.factors import Loss
from ablate.metrics.cuts import Scores
from ablate.metrics.stability import stability
from ablate.results.record import SCHEMA, Body, key_of
from ablate.rules import Rule
from ablate.strategy import to_json
from ablate.study.arm import Arm
from ablate.study.content import content
from ablate.study.judge import NotFiniteError, judge
from ablate.train.device import processor
from ablate.train.evaluate import score
from ablate.train.run import Curve, Outcome, Watcher, run
from ablate.train.setting import Setting

PACKAGES = ("ablate", "torch", "transformers", "optuna", "numpy", "scikit-learn")


def identity(arm: Arm, setting: Setting, phase: str, seed: int) -> dict[str, Any]:
    """What determines a run: the sha256 of its canonical JSON names the record."""
    prepared = setting.prepared
    name = short_name(prepared.backbone.model)
    return {
        "schema": SCHEMA,
        "phase": phase,
        "strategy": to_json(arm.strategy.replace(backbone=replace(prepared.backbone, model=name))),
        "backbone": {"name": name, "weights_sha256": setting.encoder.weights_sha256},
        "data_sha256": prepared.dataset.sha256,
        "content_sha256": content(prepared.dataset),
        "split_seed": prepared.dataset.split_seed,
        "max_length": prepared.max_length,
        "batch_size": setting.batch_size,
        "steps": setting.steps,
        "precision": setting.precision,
        "device": setting.device.type,
        "alarms_per_document": setting.alarms_per_document,
        "seed": seed,
    }


def short_name(model: str) -> str:
    """A backbone's name without the path of a local folder: its weights' sha256 tells which it is."""
    return Path(model).name if Path(model).is_dir() else model


def execute(
    arm: Arm,
    setting: Setting,
    phase: str,
    seed: int,
    trial: int | None,
    truth: str,
    watch: Watcher,
    tick: Callable[[int], None],
) -> tuple[Body, dict[str, NDArray[Any]], Outcome]:
    """Train one configuration with one seed and account for it. Only ``confirm`` runs look at the test split."""
    started = time.perf_counter()
    if setting.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(setting.device)
    outcome = _trained(arm, setting, phase, seed, watch, tick)
    trained = time.perf_counter() - started
    figures, arrays = _figures(arm, setting, outcome, confirm=phase == "confirm")
    body: Body = {
        **_account(arm, setting, phase, seed, trial, truth),
        "curve": curve(outcome.curve),
        **figures,
        "measured": {
            "seconds": time.perf_counter() - started,
            "training_seconds": trained,
            "documents_per_second": setting.batch_size * len(outcome.losses) / max(trained, 1e-9),
            "peak_memory_bytes": peak_memory(setting),
        },
    }
    return body, arrays, outcome


def _trained(arm: Arm, setting: Setting, phase: str, seed: int, watch: Watcher, tick: Callable[[int], None]) -> Outcome:
    """Train on every rank that has a part in the run."""
    with setting.ranks.together():
        setting.ranks.check(
            f"the run of '{arm.name}'", lambda: f"{key_of(identity(arm, setting, phase, seed))} {setting.prefix}"
        )
        return run(arm.strategy, setting, seed, watch, tick)


@dataclass(frozen=True, eq=False)
class Followed:
    """A run on a rank that has a part in it but does not judge it."""

    setting: Setting
    outcome: Outcome

    @classmethod
    def of(cls, arm: Arm, setting: Setting, phase: str, seed: int) -> Followed:
        """Train; when to stop is decided on rank 0."""
        return cls(setting, _trained(arm, setting, phase, seed, lambda step, curve: True, lambda step: None))

    def scores(self, split: str) -> None:
        """Score this rank's share of a split for rank 0."""
        with self.setting.ranks.together():
            _scored(self.setting, self.outcome, split)


def lost(arm: Arm, setting: Setting, phase: str, seed: int, trial: int | None, truth: str, reason: str) -> Body:
    """The account of a run that could not be made: failed, with its reason and without a figure."""
    return {
        **_account(arm, setting, phase, seed, trial, truth),
        "curve": curve(Curve()),
        "status": "failed",
        "reason": reason,
        "validation": {},
        "stability": {**stability([], [], [], finite=False), "stages": len(arm.strategy.procedure.stages())},
        "drawn_positives": {},
        "measured": {"seconds": 0.0},
    }


def _account(arm: Arm, setting: Setting, phase: str, seed: int, trial: int | None, truth: str) -> Body:
    """What a record says of a run before it is made."""
    named = identity(arm, setting, phase, seed)
    return {
        "schema": SCHEMA,
        "key": key_of(named),
        "identity": named,
        "arm": arm.name,
        "kind": "strategy",
        "part": arm.part,
        "identity_of": arm.strategy.identity_of,
        "tags": list(arm.strategy.tags),
        "notes": [*notes(setting), *(arm.notes if phase == "confirm" else [])],
        "trial": trial,
        "parameters": arm.parameters,
        **_place(arm),
        "dataset": describe(setting),
        "environment": environment(setting),
        "truth": truth,
    }


def _place(arm: Arm) -> dict[str, Any]:
    """The place of an arm in its design, outside of what determines the run; nothing where there is none."""
    if not arm.among:
        return {}
    return {"design": {"name": arm.design, "among": list(arm.among), "parts": list(arm.strategy.parts)}}


def _figures(
    arm: Arm, setting: Setting, outcome: Outcome, confirm: bool
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Status, validation, stability and (confirming) test figures of an outcome."""
    status, reason = outcome.status, outcome.reason
    figures: dict[str, Any] = {"validation": {}}
    arrays: dict[str, NDArray[Any]] = {}
    if status == "finished":
        try:
            figures, arrays = judge(
                setting.prepared,
                setting.alarms_per_document,
                lambda split: _scores(setting, outcome, split),
                outcome.loss.native_cut,
                confirm,
                rules=lambda scores, labels: decisions(scores, labels, setting, outcome.loss),
            )
        except NotFiniteError as broken:
            status, reason = "failed", f"a score on {broken} was not finite"
    figures["status"], figures["reason"] = status, reason
    finite = status != "failed"
    stages = len(arm.strategy.procedure.stages())
    if status != "pruned":
        figures["stability"] = stability(outcome.curve.macro, outcome.losses, outcome.norms, finite)
        figures["stability"]["stages"] = stages
    figures["drawn_positives"] = _drawn(outcome.drawn, setting)
    return figures, arrays


def decisions(scores: Scores, labels: Labels, setting: Setting, loss: Loss) -> dict[str, Rule]:
    """Every decision rule, fitted on the scores [M, L] of validation: no rule needs another training."""
    stats = setting.prepared.stats()
    return {name: decision.for_loss(loss).fit(scores, labels, stats) for name, decision in DECISIONS.items()}


def _scores(setting: Setting, outcome: Outcome, split: str) -> NDArray[np.float32]:
    setting.ranks.tell({"score": split})
    with setting.ranks.together():
        return _scored(setting, outcome, split)


def _scored(setting: Setting, outcome: Outcome, split: str) -> NDArray[np.float32]:
    return score(outcome.model, setting.inputs, setting.prepared.rows[split], outcome.loss, setting)


def _drawn(drawn: NDArray[np.int64], setting: Setting) -> dict[str, float]:
    """How often the sampler drew positives, by frequency bucket, per positive of the training split."""
    stats = setting.prepared.stats()
    counts = stats.positives.numpy()
    buckets = np.array(stats.buckets)
    return {name: float(drawn[buckets == name].sum() / counts[buckets == name].sum()) for name in np.unique(buckets)}


def notes(setting: Setting) -> list[str]:
    """What a reader of the board has to know of this run's model."""
    found = []
    if setting.encoder.weights_sha256 == "from scratch":
        found.append("from scratch")
    if setting.frozen:
        found.append("frozen encoder: a head on standardised vectors")
    return found


def describe(setting: Setting) -> dict[str, Any]:
    """The data set, without a word of it."""
    dataset = setting.prepared.dataset
    return {
        "name": dataset.name,
        "sha256": dataset.sha256,
        "documents": dataset.documents,
        "labels": dataset.labels.width,
        "train_documents": len(setting.prepared.rows["train"]),
        "validation_documents": len(setting.prepared.rows["validation"]),
        "test_documents": len(setting.prepared.rows["test"]),
        "untrained_labels": len(dataset.untrained),
        "truncated_share": setting.prepared.truncated,
    }


def environment(setting: Setting) -> dict[str, Any]:
    """Versions, kind of processor, threads: what the same record needs besides the plan."""
    found: dict[str, Any] = {
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "processor": processor(setting.device),
        "threads": torch.get_num_threads(),
        "probe_documents": len(setting.probe()[0]),
    }
    if setting.ranks.size > 1:
        found["processes"] = setting.ranks.size
    if setting.standardiser is not None:
        found["standardiser_sha256"] = setting.standardiser.sha256
    commits = {"backbone_revision": setting.encoder.revision, "data_revision": setting.prepared.dataset.revision}
    return found | {name: commit for name, commit in commits.items() if commit}


def curve(points: Curve) -> dict[str, list[float | int | None]]:
    """The learning curve as JSON; what is not finite is null."""
    return {
        "steps": list(points.steps),
        "macro": [_finite(value) for value in points.macro],
        "micro": [_finite(value) for value in points.micro],
        "balanced": [_finite(value) for value in points.balanced],
        "loss": [_finite(value) for value in points.loss],
    }


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def peak_memory(setting: Setting) -> int:
    """Peak memory of the process (on CUDA: of the device), bytes."""
    if setting.device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(setting.device))
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
