import torch
from torch.testing import assert_close

from ablate.encoders.bag import BagEncoder, train_words

TEXTS = ["The cat, the dog!", "the cat", "Dog!", "unique"]


def test_words_are_those_that_occur_twice_most_frequent_first_ties_by_letter() -> None:
    # the: 3; "!", cat, dog: 2 each; "," and unique: once, so unknown
    tokenizer = train_words(TEXTS)
    assert tokenizer.size == 5
    assert tokenizer.encode(["the ! cat dog"]) == [[1, 2, 3, 4]]
    assert train_words(TEXTS, cap=2).encode(["the ! cat dog"]) == [[1, 2]]


def test_unknown_words_are_left_out_and_no_document_is_empty() -> None:
    tokenizer = train_words(TEXTS)
    assert tokenizer.encode(["unique cat, unseen", "unseen", "", " \n"]) == [[3], [0], [0], [0]]
    assert (tokenizer.prefix, tokenizer.suffix) == ((), ())


def test_the_key_is_of_the_vocabulary() -> None:
    assert train_words(TEXTS).key == train_words(TEXTS[::-1]).key != train_words(TEXTS[:2]).key


def test_the_fast_path_is_the_mean_of_the_words_with_its_gradient() -> None:
    encoder = BagEncoder(train_words(TEXTS), width=16)
    batch = encoder.batch([*TEXTS, ""], 64)
    rows = torch.split(encoder.words(batch.ids), batch.lengths.tolist())
    longhand = torch.stack([row.mean(0) for row in rows])
    gradients = []
    for vectors in (longhand, encoder.encode_pooled(batch), encoder.pool(encoder(batch))):
        assert_close(vectors, longhand)
        gradients.append(torch.autograd.grad(vectors.square().sum(), encoder.words.weight, retain_graph=True)[0])
    assert_close(gradients[1], gradients[0])
    assert_close(gradients[2], gradients[0])


def test_the_embeddings_are_all_there_is() -> None:
    encoder = BagEncoder(train_words(TEXTS))
    ((layer, parameters),) = encoder.layers()
    assert layer.is_embedding
    assert layer.from_top == 0
    assert [id(p) for p in parameters] == [id(p) for p in encoder.parameters()]
    assert (encoder.width, encoder.depth, encoder.max_length, encoder.weights_sha256) == (256, 0, None, "from scratch")
    assert float(encoder.words.weight.detach().abs().max()) <= 1 / 256
