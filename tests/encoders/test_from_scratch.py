import pytest
import torch
from random_encoders import TEXTS

from ablate.encoders.scratch import tiny, train_bpe, train_wordpiece
from ablate.errors import AblateError


@pytest.mark.parametrize(("name", "train"), [("tiny-bert", train_wordpiece), ("tiny-roberta", train_bpe)])
def test_tiny_encoders_are_two_layers_of_128_with_a_pooler(name: str, train) -> None:  # type: ignore[no-untyped-def]
    encoder = tiny(name, train(TEXTS * 5, 400))
    assert (encoder.name, encoder.width, encoder.depth, encoder.max_length) == (name, 128, 2, 512)
    assert (encoder.weights_sha256, encoder.pooling, encoder.rate) == ("from scratch", "pooler", 5e-4)
    assert encoder.encode_pooled(encoder.batch([*TEXTS, "cat " * 900], 512)).shape == (5, 128)


def test_the_start_is_drawn_from_torchs_generator() -> None:
    tokenizer = train_wordpiece(TEXTS * 5, 200)
    vectors = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        vectors.append(tiny("tiny-bert", tokenizer).embed(TEXTS))
    assert torch.equal(vectors[0], vectors[1])
    assert not torch.equal(vectors[0], vectors[2])


def test_an_unknown_name_is_one_line_with_a_hint() -> None:
    with pytest.raises(AblateError, match="'tiny-brt'; did you mean 'tiny-bert'"):
        tiny("tiny-brt", train_wordpiece(TEXTS, 100))
