"""What a board says of how runs went: verdicts, their share, and noise seen beside noise predicted."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from planted_studies import COUNTS, TRAIN, body, confirm, study
from report_studies import material, planted

from ablate.components.weighting import ClippedWeight, EffectiveNumber, InverseWeight, LogWeight, PowerWeight
from ablate.data.labels import Labels
from ablate.results.board import board
from ablate.results.columns import WIDE, settled_share, verdicts
from ablate.results.record import Records, Truth
from ablate.results.report.curves import macro
from ablate.results.weights.noise import noise_cv
from ablate.results.weights.predicted import predicted_noise
from ablate.stats import LabelStats
from ablate.strategy import Strategy, to_json


def told(**figures) -> dict:
    return {"verdict": "settled", "worst_dip": 0.02, "spikes": 0.0, "gradient_norm": {"ratio": 2.0}} | figures


def test_verdicts_are_counted_and_the_share_has_its_interval(store: Records):
    for seed, verdict in enumerate(("settled", "settled", "settled", "unstable")):
        confirm(store, "baseline", seed, 3.0, stability=told(verdict=verdict, worst_dip=0.1 * seed))
    (row,) = board(store.all(), store, {}, draws=50)["rows"]
    assert row["stability"]["verdicts"] == {"settled": 3, "unstable": 1}
    assert row["stability"]["worst_dip"] == pytest.approx(0.3)
    # Wilson, 3 of 4: (.75 + z2 / 8 -+ z root(.1875 / 4 + z2 / 64)) / (1 + z2 / 4) with z2 = 3.84146
    assert row["stability"]["settled_low"] == pytest.approx(0.3006, abs=1e-4)
    assert row["stability"]["settled_high"] == pytest.approx(0.9544, abs=1e-4)
    assert (settled_share(row), verdicts(row)) == ("30-95%", "3 settled, 1 unstable")


def test_metric_and_loss_are_told_apart_and_seen_stands_beside_predicted(store: Records):
    rough = told(backtracking=0.02, loss_backtracking=3.7, loss_cv=0.9)
    for seed in range(2):
        confirm(store, "baseline", seed, 3.0, stability=rough)
    study(store, {"prior-only": 0.0})
    whole = board(store.all(), store, {}, draws=50)
    row = next(r for r in whole["rows"] if r["strategy"] == "baseline")
    assert (row["stability"]["backtracking"], row["stability"]["loss_backtracking"]) == pytest.approx((0.02, 3.7))
    shown = {c.title: c.show(row) for c in WIDE}
    assert shown["backtracking: metric/loss"] == "0.02/3.70"
    assert shown["loss cv: seen /predicted"] == "0.90/-"  # these records name no batch
    control = next(r for r in whole["rows"] if r["strategy"] == "prior-only")
    assert (settled_share(control), verdicts(control)) == ("-", "-")


TRUTH = Truth(Labels.from_lists([[0]], len(COUNTS)), COUNTS, TRAIN, tuple(map(str, COUNTS)))


def run_of(strategy: Strategy, **parameters) -> dict:
    made = body("arm", "confirm", 0, parameters=parameters)
    made["identity"] = made["identity"] | {"strategy": to_json(strategy), "batch_size": 25}
    return made


def test_noise_of_a_small_example():
    # four labels on 10 of 1,000 documents each: the root of 4 x .01 over 5 x 4 x .01
    truth = Truth(Labels.from_lists([[0]], 4), np.full(4, 10), 1000, tuple("abcd"))
    assert predicted_noise(run_of(Strategy("baseline")), truth) == pytest.approx(0.2 / (5 * 0.04))
    # a label without a training positive adds nothing
    longer = Truth(Labels.from_lists([[0]], 5), np.array([10, 10, 10, 10, 0]), 1000, tuple("abcde"))
    assert predicted_noise(run_of(Strategy("baseline")), longer) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("weighting", "parameters"),
    [
        (PowerWeight(0.5), {}),
        (InverseWeight(), {}),
        (ClippedWeight(power=0.75, cap=20.0), {}),
        (LogWeight(), {"weighting.scale": 1.0}),
        (EffectiveNumber(), {"weighting.rest": 1e-3}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_predicted_noise_is_that_of_the_weights_that_train(weighting, parameters):
    stats = LabelStats(torch.from_numpy(COUNTS).double(), TRAIN)
    weights = weighting.weights(torch.ones(1, len(COUNTS), dtype=torch.float64), stats)[0].numpy()
    run = run_of(Strategy("arm", weighting=weighting), **parameters)
    assert predicted_noise(run, TRUTH) == pytest.approx(noise_cv(weights, COUNTS / TRAIN, 25), rel=1e-6)


@pytest.mark.parametrize(
    "part",
    [
        {"loss": {"class": "ablate.components.loss:Focal", "gamma": 2.0}},
        {"sampler": {"class": "ablate.components.sampler:RepeatFactor"}},
        {"weighting": {"class": "acme:Weight"}},
        {"weighting": {"class": "ablate.components.weighting:LogWeight"}},  # its scale is nowhere
    ],
)
def test_what_counts_do_not_tell_is_not_predicted(part: dict):
    run = run_of(Strategy("arm"))
    run["identity"]["strategy"] = {**run["identity"]["strategy"], **part}
    assert predicted_noise(run, TRUTH) is None
    plain = run_of(Strategy("arm"))
    plain["identity"] = {k: v for k, v in plain["identity"].items() if k != "batch_size"}
    assert predicted_noise(plain, TRUTH) is None


def test_the_report_tells_verdicts_beside_the_curves(tmp_path):
    figure = macro(material(planted(tmp_path / "planted")))
    assert figure is not None
    assert figure.numbers is not None
    rows = {line[0]: line for line in figure.numbers.rows}
    assert rows["strong"][1:4] == ("4 settled", "51-100%", "2")
