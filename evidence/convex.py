"""``python -m evidence.convex``: the same weights where nothing but the optimizer can be to blame.

A linear model on fixed features is convex: weights of any size have one optimum. It is found from all documents at
once (L-BFGS), where there is no chance, and approached by Adam on batches, where there is. Takes half an hour of one
core.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from ablate.data.dataset import Dataset
from ablate.data.source import load
from ablate.metrics.measure import examine, validate
from ablate.results.record import sorted_json
from ablate.results.weights.noise import noise_cv
from ablate.results.whole import write_whole
from evidence.convex_problem import RIDGE, Floats, Problem, Solved, solve, stochastic

OUT = Path("results/convex-control/control.json")
DATA = "synthetic:forum-decision-small"
LARGEST = (1.0, 1e2, 1e4, 1e6)
WIDTH = 128
ITERATIONS, SHRINK = 1000, 1e-4
BATCH, STEPS, RATE, SEEDS = 256, 1500, 1e-2, 5
LATE = 0.25  # the last part of training, in which the noise of the loss is measured


def features(dataset: Dataset, width: int) -> dict[str, Floats]:
    """TF-IDF of each split, projected on the ``width`` leading directions of the training part, standardised."""
    texts = {split: dataset.part(split)[0] for split in ("train", "validation", "test")}
    words = TfidfVectorizer(sublinear_tf=True, min_df=2).fit(texts["train"])
    directions = TruncatedSVD(width, random_state=0).fit(words.transform(texts["train"]))
    found = {split: directions.transform(words.transform(part)) for split, part in texts.items()}
    mean, deviation = found["train"].mean(axis=0), found["train"].std(axis=0)
    return {split: ((part - mean) / deviation).astype(np.float32) for split, part in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m evidence.convex")
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    dataset = load(DATA)
    vectors = features(dataset, WIDTH)
    labels = {split: dataset.part(split)[1] for split in vectors}
    targets = labels["train"].dense().astype(np.float32)
    counts = labels["train"].counts().astype(np.float64)
    if not counts.all():
        raise SystemExit(f"{DATA} has labels without a training positive: they have no log-odds to start from")
    rarity = np.log(counts.max() / counts)
    rows = []
    for largest in LARGEST:
        weights = largest ** (rarity / rarity.max())
        problem = Problem(vectors["train"], targets, weights)
        started = time.monotonic()
        solved = solve(problem, ITERATIONS, SHRINK)
        seconds = time.monotonic() - started
        row: dict[str, Any] = {"largest_weight": largest, "full_batch": _full(solved, seconds)}
        row["full_batch"] |= _recall(problem, solved.parameters, vectors, labels)
        noise = noise_cv(weights, counts / len(targets), BATCH)
        row["batches"] = {"predicted_loss_cv": noise, **_stochastic(problem, vectors, labels)}
        rows.append(row)
        print(f"{largest:g}: {row}", file=sys.stderr, flush=True)
    settings = {
        "data": DATA,
        "width": WIDTH,
        "ridge": RIDGE,
        "iterations": ITERATIONS,
        "shrink": SHRINK,
        "batch_size": BATCH,
        "steps": STEPS,
        "rate": RATE,
        "seeds": SEEDS,
        "late": LATE,
        "clip": 1.0,
    }
    write_whole(given.out, sorted_json({"settings": settings, "rows": rows}).encode())


def _full(solved: Solved, seconds: float) -> dict[str, Any]:
    losses = solved.losses
    return {
        "iterations": len(losses) - 1,
        "evaluations": solved.evaluations,
        "loss_at_start": float(losses[0]),
        "loss_at_end": float(losses[-1]),
        "rises": int((np.diff(losses) > 0).sum()),
        "slope_shrank_to": solved.slope_at_end / solved.slope_at_start,
        "seconds": seconds,
    }


def _stochastic(problem: Problem, vectors: dict[str, Floats], labels: dict[str, Any]) -> dict[str, Any]:
    found: list[dict[str, float]] = []
    for seed in range(SEEDS):
        parameters, losses = stochastic(problem, BATCH, STEPS, RATE, seed, clip=1.0)
        late = losses[-int(LATE * STEPS) :]
        loss, _ = problem.value(parameters)
        found.append(
            {"loss_cv": float(late.std(ddof=1) / late.mean()), "objective": loss}
            | _recall(problem, parameters, vectors, labels)
        )
    return {name: float(np.mean([one[name] for one in found])) for name in found[0]}


def _recall(
    problem: Problem, parameters: Floats, vectors: dict[str, Floats], labels: dict[str, Any]
) -> dict[str, float]:
    """Macro and micro recall at equal alarms on test, as a study measures them."""
    train = labels["train"]
    prior = np.maximum(train.counts(), 0.5) / len(train)
    scores = {split: problem.scores(parameters, vectors[split]).astype(np.float32) for split in ("validation", "test")}
    rule = validate(scores["validation"], labels["validation"], prior, float(train.lengths.mean()))
    figures = examine(scores["test"], labels["test"], train.counts(), prior, float(train.lengths.mean()), rule)[0]
    at = figures["at_budget"]
    return {"macro_recall": at["macro_recall"], "micro_recall": at["micro_recall"]}


if __name__ == "__main__":
    main()
