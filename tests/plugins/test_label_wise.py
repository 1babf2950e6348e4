"""Label-wise attention (CAML, Mullenbach et al. 2018), started from the names of the labels."""

import pytest
import torch
from paper import LabelWise
from toy_run import NAMES, parameters, train

from ablate.api import HeadOnly, Strategy
from ablate.train.frozen import wholly_frozen

STRATEGY = Strategy("label-wise", head=LabelWise(dropout=0.0))


@pytest.fixture(scope="module")
def trained(setting):
    return train(STRATEGY, setting).model


def test_queries_start_as_the_vectors_of_the_labels_names(setting):
    torch.manual_seed(0)
    encoder = setting.encoder_for(STRATEGY)
    head = LabelWise().build(encoder, setting.prepared.stats())
    assert torch.equal(head.queries.detach(), encoder.embed(NAMES))
    # the bag's vector of one word is that word's own
    salt = encoder.tokenizer.encode(["salt"])[0]
    assert torch.equal(head.queries[0], encoder.words.weight[salt[0]])


def test_queries_weights_and_encoder_learn(setting, trained):
    start = parameters(train(STRATEGY, setting, until=1).model)
    end = parameters(trained)
    assert {name for name in start if not torch.equal(start[name], end[name])} == {
        "encoder.words.weight",
        "head.queries",
        "head.weight",
        "bias",
    }


def test_each_label_attends_to_its_own_word_most(trained):
    text = "the salt of soup with bread"
    batch = trained.encoder.batch([text], 64)
    with torch.no_grad():
        attention, _ = trained.head.attention(trained.encoder(batch))
    words = text.split()
    assert attention.sum(1).allclose(torch.ones(5))
    assert [words[int(attention[0, :, label].argmax())] for label in range(3)] == ["salt", "soup", "bread"]


def test_a_documents_scores_do_not_depend_on_the_documents_beside_it(trained):
    short, long = "soup", "the salt of bread with saffron my oven how"
    with torch.no_grad():
        alone = trained.logits(trained.features(trained.encoder.batch([short], 64)))
        beside = trained.logits(trained.features(trained.encoder.batch([long, short], 64)))
    torch.testing.assert_close(beside[1], alone[0])


def test_a_head_on_tokens_is_never_given_the_vectors_of_a_frozen_encoder(setting):
    assert wholly_frozen(Strategy("pooled", freezing=HeadOnly()), setting.encoder)
    assert not wholly_frozen(STRATEGY.replace(freezing=HeadOnly()), setting.encoder)
