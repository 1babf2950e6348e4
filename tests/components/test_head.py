"""Heads: what each makes of features or tokens."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from ablate.components.head import (
    CosineHead,
    LabelAttention,
    MeanHead,
    MlpHead,
    NamedHead,
    NamedLabelAttention,
    ScaledHead,
)
from ablate.encoders.base import Tokens
from ablate.errors import AblateError
from ablate.factors import Head
from ablate.testing import ToyEncoder, toy_stats

POOLED = [Head(0.0), MlpHead(0.0), CosineHead(0.0), NamedHead(0.0), ScaledHead(0.0)]
ON_TOKENS = [MeanHead(0.0), LabelAttention(0.0), NamedLabelAttention(0.0)]
FEATURES = torch.randn(6, 8, generator=torch.Generator().manual_seed(1))
TOKENS = Tokens(torch.randn(7, 8, generator=torch.Generator().manual_seed(2)), torch.tensor([4, 1, 2]))


@pytest.fixture
def encoder():
    torch.manual_seed(0)
    return ToyEncoder()


def built(head, encoder):
    return head.build(encoder, toy_stats())


@pytest.mark.parametrize("head", POOLED, ids=lambda head: type(head).__name__)
def test_a_head_on_vectors_gives_a_logit_for_each_label(head, encoder):
    assert head.reads == "pooled"
    assert built(head, encoder)(FEATURES).shape == (6, 5)


@pytest.mark.parametrize("head", ON_TOKENS, ids=lambda head: type(head).__name__)
def test_a_document_scores_the_same_beside_any_other(head, encoder):
    assert head.reads == "tokens"
    module = built(head, encoder)
    together = module(TOKENS)
    assert together.shape == (3, 5)
    starts = [0, 4, 5]
    for document, (start, length) in enumerate(zip(starts, TOKENS.lengths.tolist(), strict=True)):
        alone = module(Tokens(TOKENS.flat[start : start + length], torch.tensor([length])))
        torch.testing.assert_close(alone[0], together[document])


@pytest.mark.parametrize("head", [*POOLED, *ON_TOKENS], ids=lambda head: type(head).__name__)
def test_every_parameter_of_a_head_learns(head, encoder):
    module = built(head, encoder)
    module(TOKENS if head.reads == "tokens" else FEATURES).square().sum().backward()
    assert all(bool((parameter.grad != 0).any()) for parameter in module.parameters())


@pytest.mark.parametrize("head", [*POOLED, *ON_TOKENS], ids=lambda head: type(head).__name__)
def test_dropout_acts_in_training_alone(head, encoder):
    module = built(replace(head, dropout=0.5), encoder)
    inputs = TOKENS if head.reads == "tokens" else FEATURES
    assert not torch.equal(module(inputs), module(inputs))
    module.eval()
    assert torch.equal(module(inputs), module(inputs))


def test_the_mlp_has_a_tanh_layer_as_wide_as_the_features(encoder):
    hidden, linear = (part for part in built(MlpHead(0.0), encoder) if isinstance(part, torch.nn.Linear))
    module = built(MlpHead(0.0), encoder)
    hidden, linear = (part for part in module if isinstance(part, torch.nn.Linear))
    longhand = torch.tanh(FEATURES @ hidden.weight.T + hidden.bias) @ linear.weight.T
    torch.testing.assert_close(module(FEATURES), longhand)


def test_cosine_logits_know_directions_alone(encoder):
    module = built(CosineHead(0.0, scale=10.0), encoder)
    logits = module(FEATURES)
    longhand = torch.stack([F.cosine_similarity(FEATURES, row[None], dim=1) for row in module.weight], 1)
    torch.testing.assert_close(logits, 10 * longhand)
    with torch.no_grad():
        module.weight[2] *= 100
    torch.testing.assert_close(module(3 * FEATURES), logits)


def test_the_mean_head_is_the_linear_head_on_the_mean_of_the_tokens(encoder):
    module = built(MeanHead(0.0), encoder)
    (weight,) = module.parameters()
    torch.testing.assert_close(module(TOKENS)[2], weight @ TOKENS.flat[5:].mean(0))


def test_label_attention_follows_the_formula_of_the_paper(encoder):
    module = built(LabelAttention(0.0), encoder)
    document = TOKENS.flat[:4]
    longhand = []
    for query, weight in zip(module.queries, module.weight, strict=True):
        attention = torch.softmax(document @ query, 0)
        longhand.append(weight @ (attention[:, None] * document).sum(0))
    torch.testing.assert_close(module(TOKENS)[0], torch.stack(longhand))


def centred(encoder):
    vectors = encoder.embed(toy_stats().names)
    return F.normalize(vectors - vectors.mean(0), dim=1)


def test_named_heads_start_in_the_direction_of_the_labels_names(encoder):
    (weight,) = built(NamedHead(0.0), encoder).parameters()
    torch.testing.assert_close(F.normalize(weight, dim=1), centred(encoder))
    # as long as the random rows of deviation .02 over 8 numbers
    torch.testing.assert_close(weight.norm(dim=1), torch.full((5,), 0.02 * 8**0.5))
    torch.testing.assert_close(built(NamedLabelAttention(0.0), encoder).queries.detach(), centred(encoder))


def test_one_label_is_not_centred_away(encoder):
    stats = replace(toy_stats(), positives=torch.tensor([3.0]), names=("salt",), running_recall=torch.zeros(1))
    (weight,) = NamedHead(0.0).build(encoder, stats).parameters()
    torch.testing.assert_close(F.normalize(weight, dim=1), F.normalize(encoder.embed(["salt"]), dim=1))


def test_labels_without_names_are_refused_in_words(encoder):
    with pytest.raises(AblateError, match="needs a name for each label"):
        NamedHead().build(encoder, replace(toy_stats(), names=()))


def test_factors_on_a_learnt_head_start_as_that_head_and_are_all_that_learns(encoder):
    learnt = built(Head(0.0), encoder)
    before = learnt(FEATURES).detach()
    scaled = ScaledHead().carry(learnt, encoder, toy_stats())
    torch.testing.assert_close(scaled(FEATURES), before)
    assert [name for name, _ in scaled.named_parameters()] == ["factor"]
    with torch.no_grad():
        scaled.factor[1] = 2.0
    torch.testing.assert_close(scaled(FEATURES)[:, 1], 2 * before[:, 1])
    assert {"below.1.weight", "factor"} == set(scaled.state_dict())


def test_a_head_on_the_mean_says_where_the_encoder_pools_by_it():
    class Mean(ToyEncoder):
        def pool(self, tokens):
            return tokens.mean()

    assert MeanHead().idle(ToyEncoder()) == ""
    assert MeanHead().idle(Mean()) == "toy pools by the mean of its tokens already"
