from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from small_settings import SmallBert, dataset, go_on, ignore, prepared, setting, with_rate

from ablate.components.freezing import HeadOnly
from ablate.factors import Loss
from ablate.strategy import Strategy
from ablate.train.evaluate import score
from ablate.train.features import DEVIATION_FLOOR, encode, features, standardiser
from ablate.train.inputs import FeatureInputs
from ablate.train.run import run
from ablate.train.setting import Setting
from ablate.train.vectors import VectorCache

PROBE = Strategy("head-only", freezing=HeadOnly())


def test_vectors_computed_in_batches_are_those_of_every_document_alone(bert: Setting):
    made = bert.prepared
    vectors = encode(bert.encoder, made, "fp32")
    assert vectors.shape == (len(made.dataset.texts), bert.encoder.width)
    with torch.no_grad():
        for row in range(0, len(vectors), 17):
            alone = bert.encoder.encode_pooled(bert.inputs.take(np.array([row])))
            torch.testing.assert_close(vectors[row], alone[0], atol=1e-5, rtol=0)


def test_a_head_on_vectors_computed_once_scores_like_one_with_its_frozen_encoder_in_the_loop(bert: Setting):
    vectors = encode(bert.encoder, bert.prepared, "fp32")
    in_loop = with_rate(bert, 0.05)
    once = replace(in_loop, inputs=FeatureInputs(vectors), frozen=True)
    outcomes = {name: run(PROBE, one, 3, go_on, ignore) for name, one in (("loop", in_loop), ("once", once))}
    rows = bert.prepared.rows["test"]
    loop = score(outcomes["loop"].model, in_loop.inputs, rows, Loss(), in_loop)
    fast = score(outcomes["once"].model, once.inputs, rows, Loss(), once)
    untrained = run(PROBE, with_rate(bert, 0.0), 3, go_on, ignore).model
    assert np.abs(loop - score(untrained, bert.inputs, rows, Loss(), bert)).max() > 0.1
    np.testing.assert_allclose(fast, loop, atol=1e-5)
    np.testing.assert_allclose(outcomes["once"].losses, outcomes["loop"].losses, atol=1e-5)
    assert outcomes["once"].curve.macro == outcomes["loop"].curve.macro


def test_the_encoder_of_a_frozen_run_keeps_its_weights(bert: Setting):
    before = {name: value.clone() for name, value in bert.encoder.state_dict().items()}
    after = run(PROBE, with_rate(bert, 0.05), 0, go_on, ignore).model.encoder
    assert after is not None
    assert all(torch.equal(value, before[name]) for name, value in after.state_dict().items())


def test_vectors_are_computed_once_and_then_read_from_the_cache(tmp_path):
    one = setting(prepared(SmallBert(), tmp_path))
    told: list[tuple[int, int]] = []
    first = features(
        one.encoder,
        one.prepared,
        "fp32",
        VectorCache(tmp_path / "vectors"),
        lambda done, total: told.append((done, total)),
    )
    total = len(one.prepared.dataset.texts)
    assert told[-1] == (total, total)
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    told.clear()
    again = features(
        one.encoder,
        one.prepared,
        "fp32",
        VectorCache(tmp_path / "vectors"),
        lambda done, total: told.append((done, total)),
    )
    assert told == []
    assert torch.equal(first, again)
    assert [path.suffix for path in (tmp_path / "vectors").glob("*.npy")] == [".npy"]


@pytest.mark.parametrize("change", ["texts", "weights", "length"])
def test_other_texts_weights_or_lengths_are_other_vectors(tmp_path, change: str):
    one = setting(prepared(SmallBert(), tmp_path))
    features(one.encoder, one.prepared, "fp32", VectorCache(tmp_path / "vectors"))
    made, encoder = one.prepared, one.encoder
    if change == "texts":
        data = dataset()
        made = prepared(SmallBert(), tmp_path, replace(data, texts=list(reversed(data.texts))))
    elif change == "weights":
        encoder.weights_sha256 = "6" * 64
    else:
        made = replace(made, max_length=made.max_length - 1)
    features(encoder, made, "fp32", VectorCache(tmp_path / "vectors"))
    assert len(list((tmp_path / "vectors").glob("*.npy"))) == 2


def test_standardised_training_vectors_have_mean_zero_and_deviation_one():
    vectors = torch.randn(200, 5, generator=torch.Generator().manual_seed(0)) * 30 + 7
    applied = standardiser(vectors).apply(vectors)
    torch.testing.assert_close(applied.mean(0), torch.zeros(5), atol=1e-5, rtol=0)
    torch.testing.assert_close(applied.std(0), torch.ones(5), atol=1e-5, rtol=0)


def test_a_feature_that_hardly_varies_is_divided_by_the_floor():
    # deviations sqrt(2), 0 and sqrt(2) * .0001: their mean is .4714; its hundredth, the floor, is .004714
    vectors = torch.tensor([[0.0, 1.0, 5.0], [2.0, 1.0, 5.0002]], dtype=torch.float64)
    fitted = standardiser(vectors)
    floor = DEVIATION_FLOOR * (2**0.5 + 2**0.5 * 0.0001) / 3
    np.testing.assert_allclose(fitted.deviation, [2**0.5, floor, floor], rtol=1e-6)
    np.testing.assert_allclose(fitted.mean, [1, 1, 5.0001], rtol=1e-6)


def test_vectors_that_are_all_the_same_stay_finite():
    vectors = torch.full((4, 3), 2.5)
    assert standardiser(vectors).apply(vectors).tolist() == [[0.0] * 3] * 4


def test_a_standardiser_is_named_by_its_figures():
    one, other = torch.tensor([[0.0], [1.0]]), torch.tensor([[0.0], [1.5]])
    assert standardiser(one).sha256 == standardiser(one.clone()).sha256
    assert standardiser(one).sha256 != standardiser(other).sha256
