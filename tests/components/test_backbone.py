"""Backbones by name."""

import pytest
import torch

from ablate.components.backbone import Bag, TinyBert, TinyRoberta, backbone
from ablate.factors import Backbone


@pytest.mark.parametrize(("name", "kind"), [("bag", Bag), ("tiny-bert", TinyBert), ("tiny-roberta", TinyRoberta)])
def test_what_starts_from_scratch_has_a_class_of_its_own(name, kind):
    assert backbone(name) == kind()
    assert backbone(name).model == name


def test_any_other_name_is_left_to_transformers():
    assert backbone("roberta-base") == Backbone("roberta-base")


def test_a_bag_has_a_vector_of_the_width_asked_for_for_each_word_seen_twice():
    texts = ["salt soup", "salt bread", "soup"]
    bag = Bag(width=6)
    encoder = bag.build(bag.tokenizer(texts))
    # "bread" is seen once; number 0 stands for a document without a known word
    assert encoder.words.weight.shape == (3, 6)
    assert encoder.embed(["salt", "bread"]).shape == (2, 6)
    assert not torch.equal(*encoder.embed(["salt", "soup"]))
