"""Generated documents have the lengths that were asked for, and both sides read the same tokens."""

from __future__ import annotations

import numpy as np
import pytest
from transformers.trainer_pt_utils import get_length_grouped_indices

from benchmarks.ratios import corpus
from benchmarks.ratios.case import RandomWeights, base
from benchmarks.ratios.grouped import spread


def test_lengths_are_those_of_the_issue():
    lengths = corpus.lengths(20_000, np.random.default_rng(0))
    assert (lengths.min(), lengths.max()) == (8, 128)
    assert abs(lengths.mean() - 61) < 1


def test_a_document_has_as_many_tokens_as_were_drawn():
    lengths = np.array([8, 128, 31])
    data = corpus.dataset(lengths, np.random.default_rng(0), labels=10)
    tokenizer = RandomWeights().tokenizer([])
    made = [len(ids) + corpus.SPECIAL for ids in tokenizer.encode(data.texts[:3])]
    assert made == [8, 128, 31]


def test_every_label_is_trained():
    data = corpus.dataset(np.full(20, 9), np.random.default_rng(0), labels=50)
    assert data.labels.take(data.rows("train")).counts().min() >= 1


@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_both_sides_have_the_same_shape(family):
    import torch

    case = base(family, torch.device("cpu"), shrink=12)
    ours = case.backbone.build(case.backbone.tokenizer([])).model
    theirs = case.classifier(5).base_model
    encoder = {name: p.shape for name, p in ours.named_parameters() if name.startswith("encoder")}
    assert encoder == {name: p.shape for name, p in theirs.named_parameters() if name.startswith("encoder")}
    assert case.layers == len(ours.encoder.layer)


def test_a_spread_of_grouped_batches_is_as_long_as_the_set_and_hardly_padded():
    lengths = corpus.lengths(6_400, np.random.default_rng(0))
    rows = spread(lengths, 32, 10)
    assert len(set(rows.tolist())) == 320
    order = np.asarray(get_length_grouped_indices(lengths.tolist(), 32)).reshape(-1, 32)
    assert {len(batch) for batch in order} == {32}  # whole batches, as the spread takes them
    batches = lengths[rows].reshape(10, 32)
    # 50 batches share a sort, so a batch spans about a fiftieth of the quantiles; random ones pad half of the tokens
    padding = 1 - batches.sum() / (32 * batches.max(1)).sum()
    assert padding < 0.1
    assert abs(batches.mean() - lengths.mean()) < 5
