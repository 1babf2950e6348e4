"""What the evidence is computed with: the convex problem, F1 by group of labels, and what is drawn."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from ablate.results.folder import read
from evidence import published
from evidence.__main__ import DRAWN, REUTERS, as_file
from evidence.convex import OUT as CONTROL
from evidence.convex_problem import RIDGE, Problem, of_batch, solve, stochastic
from evidence.doses import STUDIES, doses, figures
from evidence.tables import BOARDS, PAIRS, convex

ROOT = Path(__file__).parents[2]


@pytest.fixture
def problem() -> Problem:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, 4))
    targets = (features @ rng.normal(size=(4, 3)) + rng.normal(size=(300, 3)) > 1.5).astype(float)
    return Problem(features, targets, np.array([1.0, 30.0, 1e4]))


def test_the_loss_of_a_batch_is_weighted_cross_entropy():
    rng = np.random.default_rng(1)
    logits, targets, weights = rng.normal(size=(5, 3)) * 4, np.eye(5, 3), np.array([1.0, 7.0, 100.0])
    share = 1 / (1 + np.exp(-logits))
    plain = -(weights * targets * np.log(share) + (1 - targets) * np.log(1 - share))
    loss, slope = of_batch(logits, targets, weights)
    assert loss == pytest.approx(plain.sum())
    assert slope == pytest.approx(weights * targets * (share - 1) + (1 - targets) * share)


def test_the_gradient_is_that_of_the_objective(problem: Problem):
    rng = np.random.default_rng(2)
    at, way = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
    step = 1e-6
    rise = (problem.value(at + step * way)[0] - problem.value(at - step * way)[0]) / (2 * step)
    assert float((problem.value(at)[1] * way).sum()) == pytest.approx(rise, rel=1e-5)


def test_all_documents_at_once_find_the_optimum_that_scikit_learn_finds(problem: Problem):
    solved = solve(problem, iterations=2000, shrink=1e-9)
    assert (np.diff(solved.losses) <= 0).all()
    for label, weight in enumerate(problem.weights):
        truth = problem.targets[:, label]
        model = LogisticRegression(C=1 / (RIDGE * len(truth)), tol=1e-10, max_iter=10_000)
        model.fit(problem.features, truth, sample_weight=np.where(truth == 1, weight, 1.0))
        assert solved.parameters[:-1, label] == pytest.approx(model.coef_[0], rel=1e-3, abs=1e-3)
        assert solved.parameters[-1, label] == pytest.approx(model.intercept_[0], rel=1e-3, abs=1e-3)


def test_batches_come_near_the_optimum_and_never_below_it(problem: Problem):
    best = solve(problem, iterations=2000, shrink=1e-9).losses[-1]
    parameters, losses = stochastic(problem, batch=32, steps=2000, rate=0.05, seed=0, clip=None)
    assert len(losses) == 2000
    reached = problem.value(parameters)[0]
    assert best <= reached < 1.1 * best


def test_f1_by_group_is_that_of_scikit_learn():
    rng = np.random.default_rng(3)
    truth, said = rng.random((40, 6)) < 0.3, rng.random((40, 6)) < 0.4
    truth[:, 5] = said[:, 5] = False
    found = published.f1((truth & said).sum(0), said.sum(0), truth.sum(0))
    assert found.micro == pytest.approx(f1_score(truth, said, average="micro"))
    assert found.macro == pytest.approx(f1_score(truth, said, average="macro", zero_division=0))


def test_every_label_is_in_one_group():
    kinds = published.groups(np.array([1, 8, 9, 34, 35, 4000]))
    assert [int(kinds[name].sum()) for name in published.GROUPS] == [6, 2, 2, 2]
    assert (kinds["head"] ^ kinds["middle"] ^ kinds["tail"]).all()


def test_the_studies_that_are_compared_and_drawn_are_committed():
    named = {*STUDIES, *REUTERS, *(of for _, of in DRAWN.values()), *(n for names in BOARDS.values() for n in names)}
    named |= {name for pair in PAIRS for name in (pair.cheap, pair.dear)}
    assert [name for name in sorted(named) if not (ROOT / "results" / name / "study.toml").is_file()] == []


def test_the_map_of_weights_says_what_the_boards_say():
    found = doses({name: read(ROOT / "results" / name) for name in STUDIES})
    assert {(d.batch, d.largest) for d in found if d.plain} >= {(32, 1e6), (256, 1e6), (2048, 1e6), (32, 1), (256, 1e5)}
    board = (ROOT / "results" / STUDIES[0] / "leaderboard.md").read_text("utf-8")
    largest = next(d for d in found if d.plain and (d.batch, d.largest) == (32, 1e6))
    assert re.search(rf"dose-1e6 \| {100 * largest.mean('macro'):.1f} ", board)
    foretold = sorted((d.largest, d.foretold) for d in found if d.plain and d.batch == 256)
    assert foretold == sorted(foretold, key=lambda pair: pair[1])
    for figure in figures(found):
        committed = (ROOT / "docs" / "figures" / f"{figure.name}.svg").read_bytes()
        assert committed == as_file(figure), f"{figure.name}: run make evidence"


def test_the_convex_control_is_shown_as_it_was_measured():
    control = json.loads((ROOT / CONTROL).read_text("utf-8"))
    assert (ROOT / "results" / "evidence" / "convex-control.md").read_text("utf-8") == convex(control)
    assert all(row["full_batch"]["rises"] == 0 for row in control["rows"])
