"""Weighted cross-entropy of a linear model on fixed features: one convex problem for each label, all data at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Floats = NDArray[np.floating]

RIDGE = 1e-4
"""Strength of the squared penalty on the weights of the model, without which labels with few positives have no
minimum: they can be separated."""


@dataclass(frozen=True, eq=False)
class Problem:
    """``features`` [N, D], whose kind of float is computed with, ``targets`` 0/1 [N, L], ``weights`` of positives [L].

    The loss of a document is the sum over labels of weighted binary cross-entropy; the objective is its mean over
    documents plus ``RIDGE / 2`` times the squared norm of the coefficients. Parameters are [D + 1, L], the last row the
    biases.
    """

    features: Floats
    targets: Floats
    weights: Floats

    @property
    def scale(self) -> Floats:
        """Root of a bound on each label's curvature, [L]: parameters are divided by it, which changes no optimum."""
        positives = self.targets.mean(axis=0)
        bound: Floats = np.sqrt(0.25 * (1 + positives * (self.weights - 1)))
        return bound

    def start(self) -> Floats:
        """No coefficients, and the best constant for each label: the log-odds of its weighted prior."""
        share = self.targets.mean(axis=0)
        bias = np.log(self.weights * share / (1 - share))
        return np.vstack([np.zeros((self.features.shape[1], len(bias))), bias])

    def scores(self, parameters: Floats, features: Floats | None = None) -> Floats:
        """Logits [N, L]."""
        x = self.features if features is None else features
        own = parameters.astype(x.dtype)
        return np.asarray(x @ own[:-1] + own[-1])

    def value(self, parameters: Floats) -> tuple[float, Floats]:
        """The objective and its gradient."""
        loss, slope = of_batch(self.scores(parameters), self.targets, self.weights)
        count = len(self.features)
        gradient = np.vstack([self.features.T @ slope, slope.sum(axis=0)]) / count
        gradient[:-1] += RIDGE * parameters[:-1]
        return loss / count + 0.5 * RIDGE * float((parameters[:-1] ** 2).sum()), gradient


def of_batch(logits: Floats, targets: Floats, weights: Floats) -> tuple[float, Floats]:
    """Weighted cross-entropy summed over a batch, and its slope at each logit; one exponential for both."""
    small = np.exp(-np.abs(logits))
    softplus = np.maximum(logits, 0) + np.log1p(small)
    share = np.where(logits >= 0, 1, small) / (1 + small)
    rows, columns = np.nonzero(targets)
    at = logits[rows, columns]
    more = (weights[columns] - 1).astype(logits.dtype)
    extra = more * (softplus[rows, columns] - at) - at
    slope = share
    slope[rows, columns] += more * (share[rows, columns] - 1) - 1
    return float(softplus.sum(dtype=np.float64) + extra.sum(dtype=np.float64)), slope


@dataclass(frozen=True, eq=False)
class Solved:
    """Parameters at the end, the objective after each iteration, and the largest slope at the start and at the end."""

    parameters: Floats
    losses: Floats
    slope_at_start: float
    slope_at_end: float
    evaluations: int


def solve(problem: Problem, iterations: int, shrink: float) -> Solved:
    """L-BFGS (Liu and Nocedal, 1989) on all data, until the largest slope is ``shrink`` times that of the start."""
    start, scale = problem.start(), problem.scale
    losses: list[float] = []
    last = [0.0]

    def value(flat: Floats) -> tuple[float, Floats]:
        loss, gradient = problem.value(flat.reshape(start.shape) / scale)
        last[0] = loss
        return loss, (gradient / scale).ravel()

    def note(intermediate_result: object) -> None:
        losses.append(float(intermediate_result.fun))  # type: ignore[attr-defined]

    first, slope = value((start * scale).ravel())
    largest = float(np.abs(slope).max())
    done = minimize(
        value,
        (start * scale).ravel(),
        jac=True,
        method="L-BFGS-B",
        callback=note,
        options={"maxiter": iterations, "maxfun": 10 * iterations, "gtol": shrink * largest, "ftol": 0.0, "maxcor": 20},
    )
    end = float(np.abs(done.jac).max())
    return Solved(done.x.reshape(start.shape) / scale, np.array([first, *losses]), largest, end, int(done.nfev))


def stochastic(
    problem: Problem, batch: int, steps: int, rate: float, seed: int, clip: float | None
) -> tuple[Floats, Floats]:
    """Adam (Kingma and Ba, 2015) on batches from the same start: parameters, and the loss of each step's batch.

    ``clip`` bounds the norm of the gradient of the mean loss over documents and labels, as in training.
    """
    rng = np.random.default_rng(seed)
    parameters = problem.start().astype(problem.features.dtype)
    first, second = np.zeros_like(parameters), np.zeros_like(parameters)
    count, labels = problem.targets.shape
    losses = np.empty(steps)
    for step, rows in enumerate(_batches(rng, count, batch, steps), start=1):
        x = problem.features[rows]
        loss, slope = of_batch(problem.scores(parameters, x), problem.targets[rows], problem.weights)
        losses[step - 1] = loss / batch / labels
        gradient = np.vstack([x.T @ slope, slope.sum(axis=0)]) / batch / labels
        norm = float(np.sqrt((gradient**2).sum()))
        if clip is not None and norm > clip:
            gradient *= clip / norm
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        move = first / (1 - 0.9**step) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
        parameters = parameters - rate * (1 - (step - 1) / steps) * move
    return parameters, losses


def _batches(rng: np.random.Generator, count: int, batch: int, steps: int) -> list[NDArray[np.int64]]:
    """Row numbers of each step: every document once before any comes twice."""
    epochs = -(-steps * batch // count) + 1
    order = np.concatenate([rng.permutation(count) for _ in range(epochs)])
    return [order[i * batch : (i + 1) * batch] for i in range(steps)]
