import pytest
import torch
from random_encoders import FAMILIES, TEXTS, build
from torch.testing import assert_close

from ablate.encoders.base import Batch, Encoder
from ablate.encoders.transformer import published_rate
from ablate.errors import AblateError


def alone(encoder: Encoder, batch: Batch) -> torch.Tensor:
    """The same vectors, a document at a time, so that nothing is ever padded."""
    documents = torch.split(batch.ids, batch.lengths.tolist())
    return torch.cat([encoder(Batch(ids, torch.tensor([len(ids)]))).flat for ids in documents])


@pytest.mark.parametrize("family", FAMILIES)
def test_padding_changes_no_vector(family: str) -> None:
    encoder = build(family).eval()
    batch = encoder.batch(TEXTS, 64)
    tokens = encoder(batch)
    assert tokens.flat.shape == (int(batch.lengths.sum()), 32)
    assert_close(tokens.flat, alone(encoder, batch), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_vectors_are_those_of_the_model_on_padded_input(family: str) -> None:
    encoder = build(family).eval()
    batch = encoder.batch(TEXTS, 64)
    rows = torch.split(batch.ids, batch.lengths.tolist())
    ids = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=encoder.pad)
    mask = (torch.arange(ids.shape[1]) < batch.lengths[:, None]).long()
    reference = encoder.model(input_ids=ids, attention_mask=mask)
    assert_close(encoder(batch).flat, reference.last_hidden_state[mask.bool()])
    if family != "mpnet":
        assert_close(encoder.encode_pooled(batch), reference.pooler_output)


def test_roberta_counts_positions_from_two_and_bert_from_zero() -> None:
    roberta, bert = build("roberta").eval(), build("bert").eval()
    assert (roberta.max_length, bert.max_length, build("mpnet").max_length) == (64, 66, 64)
    batch = roberta.batch(TEXTS[:1], 64)
    places = torch.arange(2, 2 + len(batch.ids))
    given = roberta.model(input_ids=batch.ids[None], position_ids=places[None]).last_hidden_state[0]
    assert_close(roberta(batch).flat, given)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_longest_document_is_read(family: str) -> None:
    encoder = build(family).eval()
    assert encoder.max_length is not None
    batch = encoder.batch(["cat " * 500, "dogs"], encoder.max_length)
    assert batch.lengths.tolist()[0] == encoder.max_length
    assert torch.isfinite(encoder(batch).flat).all()


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("pooling", ["pooler", "mean", "first"])
def test_layers_hold_every_parameter_exactly_once_and_all_get_a_gradient(family: str, pooling: str) -> None:
    encoder = build(family, pooling)
    layers = encoder.layers()
    described = [id(parameter) for _, parameters in layers for parameter in parameters]
    assert len(described) == len(set(described))
    assert set(described) == {id(parameter) for parameter in encoder.parameters()}
    top = [3] if pooling == "pooler" else []
    assert [layer.index for layer, _ in layers] == [0, 1, 2, *top]
    assert layers[0][0].is_embedding
    encoder.encode_pooled(encoder.batch(TEXTS, 64)).square().sum().backward()
    assert all(parameter.grad is not None for parameter in encoder.parameters())


def test_relative_positions_of_mpnet_stand_with_the_embeddings() -> None:
    encoder = build("mpnet")
    embeddings = {id(parameter) for parameter in encoder.layers()[0][1]}
    assert id(encoder.model.encoder.relative_attention_bias.weight) in embeddings


@pytest.mark.parametrize("family", FAMILIES)
def test_pooling_reads_what_it_says(family: str) -> None:
    for pooling in ("mean", "first"):
        encoder = build(family, pooling).eval()
        batch = encoder.batch(TEXTS, 64)
        rows = torch.split(encoder(batch).flat, batch.lengths.tolist())
        longhand = torch.stack([row.mean(0) if pooling == "mean" else row[0] for row in rows])
        assert_close(encoder.encode_pooled(batch), longhand)
        assert_close(encoder.embed(TEXTS), longhand)
    encoder = build(family, "pooler").eval()
    dense = encoder.model.pooler.dense
    batch = encoder.batch(TEXTS, 64)
    assert_close(encoder.encode_pooled(batch), torch.tanh(dense(encoder(batch).first())))


def test_pooling_that_cannot_be_is_refused_in_one_line() -> None:
    with pytest.raises(AblateError, match="backbone 'bert': no pooling 'pooller'; did you mean 'pooler'"):
        build("bert", "pooller")
    encoder = build("bert", "mean")
    with pytest.raises(AblateError, match="hold no pooler; give pooling 'mean' or 'first'"):
        type(encoder)(encoder.model, encoder.tokenizer, name="x", weights_sha256="", pooling="pooler")


def test_another_architecture_is_refused() -> None:
    encoder = build("bert")
    with pytest.raises(AblateError, match="backbone 'x': Linear is not of the BERT family"):
        type(encoder)(torch.nn.Linear(1, 1), encoder.tokenizer, name="x", weights_sha256="")


@pytest.mark.parametrize("family", FAMILIES)
def test_dropout_zero_in_training_is_evaluation(family: str) -> None:
    encoder = build(family)
    batch = encoder.batch(TEXTS, 64)
    expected = encoder.eval()(batch).flat
    encoder.train()
    assert not torch.allclose(encoder(batch).flat, expected, atol=1e-3)
    encoder.set_dropout(0)
    assert_close(encoder(batch).flat, expected)


@pytest.mark.parametrize("family", FAMILIES)
def test_set_dropout_reaches_the_attention_weights(family: str) -> None:
    encoder = build(family, dropout=0.0).train()
    batch = encoder.batch(TEXTS, 64)
    expected = encoder(batch).flat
    encoder.set_dropout(0.5)
    for name, module in encoder.named_modules():
        if isinstance(module, torch.nn.Dropout) and not name.endswith(("self.dropout", "attn.dropout")):
            module.p = 0.0
    assert not torch.allclose(encoder(batch).flat, expected, atol=1e-3)


def test_embed_leaves_modes_as_they_were() -> None:
    encoder = build("bert").train()
    encoder.model.encoder.eval()
    assert_close(encoder.embed(TEXTS), encoder.embed(TEXTS))
    assert encoder.training
    assert encoder.model.embeddings.training
    assert not encoder.model.encoder.layer[0].training


def test_rates_are_the_published_ones() -> None:
    assert published_rate("bert", 768) == published_rate("roberta", 1024) == 2e-5
    assert published_rate("bert", 384) == 5e-5
    assert published_rate("something new", 768) == 2e-5
