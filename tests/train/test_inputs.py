from __future__ import annotations

import numpy as np
import pytest
import torch
from small_settings import CPU

from ablate.factors import Loss
from ablate.objective import objective
from ablate.strategy import Strategy
from ablate.train.evaluate import score
from ablate.train.inputs import FeatureInputs, TokenInputs
from ablate.train.model import Model, build_model, set_mode
from ablate.train.setting import Setting


class OneByOne(TokenInputs):
    """The slow twin: every document alone, in the order given."""

    def by_length(self, rows, documents):
        return [np.array([place]) for place in range(len(rows))]


def model(one: Setting) -> Model:
    torch.manual_seed(1)
    stats = one.prepared.stats()
    head = Strategy("x").head.build(one.encoder, stats)
    torch.nn.init.normal_(head[1].weight)
    made = Model(one.encoder_for(Strategy("x")), head, "pooled", torch.zeros(len(stats.positives)), one.encoder)
    set_mode(made)
    return made


@pytest.mark.parametrize("name", ["bag", "bert"])
def test_scores_in_order_of_length_are_those_of_every_document_alone(name: str, request):
    one: Setting = request.getfixturevalue(name)
    prepared, made = one.prepared, model(one)
    slow = OneByOne(prepared.tokens, prepared.tokenizer, prepared.max_length, CPU)
    rows = np.random.default_rng(0).permutation(prepared.rows["validation"])
    expected = score(made, slow, rows, Loss(), one)
    assert np.abs(expected).max() > 0.01
    np.testing.assert_allclose(score(made, one.inputs, rows, Loss(), one), expected, atol=1e-5)


def test_scoring_switches_dropout_off_and_on_again(bert: Setting):
    made, rows = model(bert), bert.prepared.rows["test"]
    first = score(made, bert.inputs, rows, Loss(), bert)
    assert (first == score(made, bert.inputs, rows, Loss(), bert)).all()
    assert made.training
    batch = bert.inputs.take(rows[:4])
    assert not torch.equal(made.logits(made.features(batch)), made.logits(made.features(batch)))


def test_scores_are_what_the_loss_ranks_by(bag: Setting):
    class Negated(Loss):
        def scores(self, logits):
            return -logits

    made, rows = model(bag), bag.prepared.rows["test"]
    np.testing.assert_array_equal(
        score(made, bag.inputs, rows, Negated(), bag), -score(made, bag.inputs, rows, Loss(), bag)
    )


@pytest.mark.parametrize("documents", [1, 7, 1000])
def test_parts_hold_every_position_once_and_lengths_rise(bert: Setting, documents: int):
    rows = bert.prepared.rows["train"][::-1]
    parts = bert.inputs.by_length(rows, documents)
    lengths = bert.prepared.tokens.lengths[rows]
    assert sorted(np.concatenate(parts)) == list(range(len(rows)))
    assert max(len(part) for part in parts) <= documents
    assert (np.diff(lengths[np.concatenate(parts)]) >= 0).all()


def test_a_document_is_cut_at_the_longest_length_with_its_special_tokens(bert: Setting):
    made = bert.prepared
    inputs = TokenInputs(made.tokens, made.tokenizer, 5, CPU)
    row = int(np.argmax(made.tokens.lengths))
    batch = inputs.take(np.array([row, row]))
    tokens = made.tokenizer.encode([made.dataset.texts[row]])[0]
    assert batch.lengths.tolist() == [5, 5]
    assert batch.ids[:5].tolist() == [*made.tokenizer.prefix, *tokens[:3], *made.tokenizer.suffix]


def test_vectors_are_taken_by_row_and_evaluated_in_their_order():
    vectors = torch.arange(12.0).reshape(6, 2)
    inputs = FeatureInputs(vectors)
    assert inputs.take(np.array([4, 0, 4])).tolist() == [[8, 9], [0, 1], [8, 9]]
    assert np.concatenate(inputs.by_length(np.arange(5000), 256)).tolist() == list(range(5000))


def test_the_model_reads_vectors_as_they_are(bert: Setting):
    stats = bert.prepared.stats()
    strategy = Strategy("x")
    goal = objective(
        strategy.loss, strategy.weighting, strategy.shift, strategy.sampler, bert.prepared.labels["train"], stats
    )
    made = build_model(strategy, bert.encoder, True, goal, stats)
    vectors = torch.randn(3, bert.encoder.width)
    assert made.encoder is None
    assert made.features(vectors) is vectors
    assert made.logits(vectors).shape == (3, len(stats.positives))
