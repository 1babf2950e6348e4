"""What counts alone say of weights."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import norm

from ablate.components.weighting import EffectiveNumber, InverseWeight, PowerWeight
from ablate.errors import AblateError
from ablate.factors import Weighting
from ablate.results import diagnose
from ablate.results.weights.noise import (
    alarms_at_half,
    batch_as_quiet,
    effective_sample,
    largest_quiet_cap,
    noise_cv,
    steps_between,
)
from ablate.results.weights.schemes import SCHEMES
from ablate.stats import LabelStats

COUNTS = {"soup": 400, "bread": 50, "tea": 2}
DOCUMENTS = 1000
# 485 labels, log-uniform from 5 to 200,000 of 5 million documents
LAW = np.geomspace(5, 200_000, 485)
PRIOR = LAW / 5e6


def row(found, scheme: str) -> pd.Series:
    return found.schemes.set_index("scheme").loc[scheme]


@pytest.mark.parametrize(
    ("scheme", "component"),
    [
        ("none", Weighting()),
        ("square-root", PowerWeight(0.5)),
        ("inverse", InverseWeight()),
        ("effective number .9", EffectiveNumber(0.1)),
        ("effective number .99", EffectiveNumber(0.01)),
        ("effective number .999", EffectiveNumber(0.001)),
    ],
)
def test_a_scheme_weighs_as_the_component_that_trains_with_it(scheme: str, component: Weighting):
    positives = torch.tensor([1.0, 7.0, 120.0, 3000.0, 9999.0, 10000.0], dtype=torch.float64)
    trained = component.weights(torch.ones_like(positives)[None], LabelStats(positives, 10_000))
    (found,) = [s for s in SCHEMES if s.name == scheme]
    expected = np.broadcast_to(trained.numpy(), (1, 6))[0]
    np.testing.assert_allclose(found.weights(positives.numpy(), 10_000), expected, rtol=1e-9)


def test_capped_and_logarithmic_weights_are_their_formulas():
    found = diagnose(COUNTS, DOCUMENTS)
    # inverse weights are 600/400 = 1.5, 950/50 = 19 and 998/2 = 499
    for scheme, low, high in (
        ("inverse", 1.5, 499),
        ("inverse, at most 10", 1.5, 10),
        ("inverse, at most 100", 1.5, 100),
        ("inverse, at most 1,000", 1.5, 499),
        ("log", 1, 1 + np.log(200)),
    ):
        assert (row(found, scheme)["lowest"], row(found, scheme)["highest"]) == pytest.approx((low, high)), scheme


def test_noise_and_effective_sample_are_their_formulas():
    found = row(diagnose(COUNTS, DOCUMENTS), "inverse")
    # sum w pi = .6 + .95 + .998 = 2.548; sum w^2 pi = .9 + 18.05 + 498.002 = 516.952
    # sqrt(516.952) / (sqrt(32) x 2.548) = 22.7366 / 14.4137; (2548)^2 / 516952 = 12.559
    assert found["noise_32"] == pytest.approx(1.5774, abs=1e-3)
    assert found["noise_256"] == pytest.approx(1.5774 / np.sqrt(8), abs=1e-3)
    assert found["effective_positives"] == pytest.approx(12.559, abs=1e-3)


@pytest.mark.parametrize(
    ("tau", "cv", "effective"),
    [
        (0.0, (0.13, 0.05, 0.02), 9.2e6),
        (0.25, (0.14, 0.05, 0.02), 8.2e6),
        (0.5, (0.21, 0.08, 0.03), 3.4e6),
        (0.75, (0.70, 0.25, 0.09), 317e3),
        (1.0, (2.48, 0.88, 0.31), 25e3),
    ],
)
def test_the_noise_of_tempered_weights_on_a_log_uniform_law(tau: float, cv: tuple[float, ...], effective: float):
    # with pi = a r^i the sums are geometric series: sum pi^s = (b^s r^s - a^s) / (r^s - 1), from a = 1e-6 to b = .04
    ratio = (0.04 / 1e-6) ** (1 / 484)

    def power_sum(s: float) -> float:
        return 485.0 if s == 0 else (0.04**s * ratio**s - 1e-6**s) / (ratio**s - 1)

    by_hand = np.sqrt(power_sum(1 - 2 * tau)) / power_sum(1 - tau)
    weights = PRIOR**-tau
    for batch, rounded in zip((32, 256, 2048), cv, strict=True):
        assert noise_cv(weights, PRIOR, batch) == pytest.approx(by_hand / np.sqrt(batch))
        assert noise_cv(weights, PRIOR, batch) == pytest.approx(rounded, abs=0.0065)
    assert effective_sample(weights, LAW) == pytest.approx(5e6 * power_sum(1 - tau) ** 2 / power_sum(1 - 2 * tau))
    assert effective_sample(weights, LAW) == pytest.approx(effective, rel=0.02)


def test_predicted_noise_is_the_deviation_over_drawn_batches():
    weights, prior = np.array([1.5, 19.0, 499.0]), np.array([0.4, 0.05, 0.002])
    drawn = np.random.default_rng(0).poisson(32 * prior, size=(200_000, 3)) @ weights
    assert drawn.std() / drawn.mean() == pytest.approx(noise_cv(weights, prior, 32), rel=0.02)


def test_the_batch_that_is_as_quiet_is_as_quiet():
    weights = (1 - PRIOR) / PRIOR
    batch = batch_as_quiet(weights, PRIOR, 32)
    assert noise_cv(weights, PRIOR, round(batch)) == pytest.approx(noise_cv(np.ones(485), PRIOR, 32), rel=1e-3)


def test_the_cap_is_the_highest_that_keeps_the_noise_within_bounds():
    inverse = (1 - PRIOR) / PRIOR
    cap, bound = largest_quiet_cap(inverse, PRIOR, 2.0), 2 * noise_cv(np.ones(485), PRIOR, 1)
    assert noise_cv(np.clip(inverse, 1, cap), PRIOR, 1) <= bound
    assert noise_cv(np.clip(inverse, 1, cap * 1.02), PRIOR, 1) > bound
    # labels of one frequency weigh the same: no cap is needed
    assert largest_quiet_cap(np.full(3, 99.0), np.full(3, 0.01), 2.0) == pytest.approx(99)


def test_steps_between_positives_of_the_rarest_label():
    # 10 of 2 million documents: one in 200,000, 6,250 batches of 32
    assert steps_between(10, 2_000_000, 32) == 6250
    assert steps_between(1000, 2000, 32) == 1
    found = diagnose(COUNTS, DOCUMENTS).summary["steps_between_positives_of_the_rarest"]
    assert found == {"32": 15.625, "256": pytest.approx(1.953, abs=1e-3), "2048": 1.0}


def test_inverse_weights_raise_the_share_missed_of_all_other_pairs():
    # .9 x 1.847 + .1 x (485 - 1.847)
    inverse = (1 - PRIOR) / PRIOR
    assert PRIOR.sum() == pytest.approx(1.847, abs=1e-3)
    assert alarms_at_half(inverse, PRIOR, 0.9) == pytest.approx(0.9 * 1.847 + 0.1 * 483.153, abs=1e-2)


def test_the_alarms_are_those_of_the_optimum_on_drawn_evidence():
    prior, odds, found = np.array([0.2, 0.03]), np.array([3.0, 10.0]), 0.9
    rng = np.random.default_rng(0)
    d = 2 * norm.ppf(found)
    y = rng.random((400_000, 2)) < prior
    evidence = rng.normal(size=y.shape) + d * y
    # the posterior by Bayes, and the cut 1 / (1 + w) of weights w
    likelihood = np.exp(d * evidence - d * d / 2)
    posterior = prior * likelihood / (prior * likelihood + 1 - prior)
    raised = (posterior > 1 / (1 + odds)).sum() / len(y)
    assert alarms_at_half(odds, prior, found) == pytest.approx(raised, abs=0.005)


def test_weights_on_both_classes_move_no_cut():
    found = diagnose(COUNTS, DOCUMENTS)
    assert row(found, "effective number .9")["alarms_per_document"] == row(found, "none")["alarms_per_document"]
    assert row(found, "inverse")["alarms_per_document"] > row(found, "none")["alarms_per_document"]


def test_a_label_on_every_document_breaks_nothing():
    found = diagnose({"all": 1000, "some": 10}, 1000)
    assert np.isfinite(found.schemes.drop(columns="scheme").to_numpy(float)).all()
    assert "Note" not in str(found)


def test_labels_without_a_training_document_are_left_out_and_said():
    found = diagnose({**COUNTS, "none": 0}, DOCUMENTS)
    assert found.summary["labels"] == 3
    assert "1 labels without a training document are left out" in str(found)


def test_the_verdict_follows_the_noise():
    loud = str(diagnose({f"l{i}": int(n) for i, n in enumerate(LAW)}, 5_000_000))
    flat = " ".join(loud.split())
    assert "the loss will go up and down: at batch 32 it is predicted to vary by more than its own mean" in flat
    assert "cap at" in flat
    quiet = " ".join(str(diagnose({"a": 100, "b": 120}, 1000)).split())
    assert "Gradient noise is not what will hinder inverse weights here" in quiet
    assert "need no cap" in quiet
    for text in (loud, quiet):
        assert "bias at the logit" in " ".join(text.split())
    assert max(map(len, loud.splitlines())) <= 80


def test_a_file_of_counts_and_a_data_file_say_the_same(tmp_path: Path):
    texts = [f"document {i}" for i in range(120)]
    labels = ["x|y" if i % 3 == 0 else "x" for i in range(120)]
    split = ["train"] * 60 + ["validation"] * 30 + ["test"] * 30
    pd.DataFrame({"text": texts, "labels": labels, "split": split}).to_csv(tmp_path / "data.csv", index=False)
    (tmp_path / "counts.csv").write_text("label,count\nx,60\ny,20\n")
    from_data, from_counts = diagnose(tmp_path / "data.csv"), diagnose(tmp_path / "counts.csv", 60)
    assert from_data.summary == from_counts.summary
    pd.testing.assert_frame_equal(from_data.schemes, from_counts.schemes)
    with pytest.raises(AblateError, match="--documents goes with a file of label,count"):
        diagnose(tmp_path / "data.csv", 60)


@pytest.mark.parametrize(
    ("counts", "documents", "message"),
    [
        (COUNTS, None, "counts without the number of training documents; give --documents N"),
        (COUNTS, 399, "--documents is 399, but label 'soup' has 400"),
        ({"a": 0}, 10, "no label has a training document"),
        ({"a": 1.5}, 10, "the count of 'a' is 1.5; give whole numbers from 0 on"),
        ({"a": -1}, 10, "the count of 'a' is -1; give whole numbers from 0 on"),
        ({"a": float("nan")}, 10, "the count of 'a' is nan; give whole numbers from 0 on"),
    ],
)
def test_counts_that_make_no_sense_are_refused(counts: dict, documents: int | None, message: str):
    with pytest.raises(AblateError, match=message):
        diagnose(counts, documents)


def test_audit_and_diagnose_need_no_torch(tmp_path: Path):
    (tmp_path / "counts.csv").write_text("label,count\na,9\nb,3\n")
    documents = [f"document {i},{'ab'[i % 2]},{('train', 'dev', 'test')[i % 3]}" for i in range(60)]
    (tmp_path / "data.csv").write_text("\n".join(["text,labels,split", *documents]) + "\n")
    rows = "".join(f"{'ab'[i % 2]},{('dev', 'test')[i // 2 % 2]},{i % 5},{i % 7}\n" for i in range(40))
    (tmp_path / "scores.csv").write_text("labels,split,a,b\n" + rows)
    code = (
        "import sys\nfrom ablate.results import audit, diagnose\n"
        "scores, counts, data = sys.argv[1:]\n"
        "str(audit(scores, counts=counts, documents=20))\n"
        "str(diagnose(counts, 20)), str(diagnose(data))\n"
        "print(*[name for name in ('torch', 'transformers', 'optuna') if name in sys.modules])\n"
    )
    files = [str(tmp_path / name) for name in ("scores.csv", "counts.csv", "data.csv")]
    done = subprocess.run([sys.executable, "-c", code, *files], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")
