"""A sweep over heads on a frozen encoder: people encode again in every epoch of every trial, we encode once."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna

from ablate.components.freezing import HeadOnly
from ablate.data import source
from ablate.data.dataset import Dataset
from ablate.factors import Head, Optimizer
from ablate.strategy import Strategy
from ablate.study.settings import Settings
from ablate.train.device import precision
from benchmarks.ratios import corpus, ours, trainer
from benchmarks.ratios.case import Case, minilm
from benchmarks.ratios.clock import seconds
from benchmarks.ratios.entry import entry, side_by_side
from benchmarks.ratios.modules import quick
from benchmarks.ratios.trainer import Rows, Way

KEYS = {"head_sweep_vs_trainer": 100.0}
TITLES = "cooking_stackexchange.parquet"
PLACES = (os.environ.get(source.FOLDER_VARIABLE, ""),)
STAND_IN = (10_904, 736, 13)
"""Documents, labels and median tokens of the generated titles."""


@dataclass(frozen=True)
class Size:
    """Trials, epochs of a trial, documents of a batch, and the Trainer's steps that are measured."""

    trials: int = 20
    epochs: int = 12
    batch: int = 256
    measured: int = 10


def measure() -> dict[str, dict[str, Any]]:
    """The whole sweep on our side; on theirs, steps of one trial and what they make of the whole."""
    size = Size(2, 1, 32, 2) if quick() else Size()
    data, told = titles()
    return {"head_sweep_vs_trainer": compare(minilm(), size, data, told, KEYS["head_sweep_vs_trainer"])}


def titles() -> tuple[Dataset, str]:
    """The cooking titles where they are, else generated ones; and which it was."""
    found = [Path(place) / TITLES for place in PLACES if place and (Path(place) / TITLES).is_file()]
    if found and not quick():
        data = source.load(str(found[0]))
        return data, f"cooking titles, {len(data.rows('train')):,} for training, {data.labels.width} labels"
    documents, labels, tokens = (300, 20, 13) if quick() else STAND_IN
    random = np.random.default_rng(4)
    data = corpus.dataset(corpus.lengths(documents, random, median=tokens), random, labels)
    return data, f"generated titles (the cooking set is not here), {documents:,} for training, {labels} labels"


def compare(case: Case, size: Size, data: Dataset, told: str, goal: float) -> dict[str, Any]:
    """Ours from an empty cache in every repeat: all documents of the data set are encoded, then come the trials."""
    strategy = case.strategy(PROBED)
    steps = size.epochs * -(-len(data.rows("train")) // size.batch)

    def ours_seconds() -> float:
        with ours.fresh_cache() as cache:
            made = ours.settings(case, data, cache, steps, size.batch, None)
            return seconds(case.device, lambda: sweep(size.trials, lambda trial: our_trial(trial, made, strategy)))

    with ours.fresh_cache() as cache:
        rows = Rows.of(case, ours.settings(case, data, cache, steps, size.batch, None).prepared(case.backbone))

    def theirs_seconds(measured: int = size.measured) -> float:
        spent: list[float] = []
        sweep(1, lambda trial: spent.append(their_trial(trial, case, rows, measured, size.batch)))
        return spent[0] / measured * steps * size.trials

    theirs_seconds(1)
    runs = side_by_side(ours_seconds, theirs_seconds)
    whole = f"{size.trials} trials x {size.epochs} epochs, batch {size.batch}"
    return entry(
        goal, runs, f"{told}; {whole}; Trainer extrapolated from {size.measured} of {steps * size.trials:,} steps"
    )


PROBED = Strategy("head-only", freezing=HeadOnly())


def sweep(trials: int, run: Callable[[optuna.Trial], object]) -> None:
    """Optuna's loop; a trial's value plays no part in what it costs."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def objective(trial: optuna.Trial) -> float:
        run(trial)
        return float(trial.number)

    optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0)).optimize(objective, n_trials=trials)


def our_trial(trial: optuna.Trial, made: Settings, strategy: Strategy) -> None:
    """A head at a proposed rate and dropout; the first trial finds nothing encoded."""
    scale = trial.suggest_float("scale", 0.1, 10, log=True)
    dropout = trial.suggest_float("dropout", 0.0, 0.5)
    setting = made.of(strategy)
    ours.train(strategy.replace(optimizer=Optimizer(scale=scale), head=Head(dropout=dropout)), setting)


def their_trial(trial: optuna.Trial, case: Case, rows: Rows, steps: int, batch: int) -> float:
    """Seconds of steps with the encoder frozen, at a proposed rate."""
    rate = 1e-3 * trial.suggest_float("scale", 0.1, 10, log=True)
    way = Way(bf16=precision(case.device) == "bf16", frozen=case.layers, rate=rate)
    return trainer.step_seconds(rows, way, steps, batch)
