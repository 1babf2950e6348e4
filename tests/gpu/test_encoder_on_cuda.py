"""Packed attention on CUDA is the CPU's padded path, in fp32 to rounding and in bf16 to bf16's."""

from __future__ import annotations

import pytest
import torch
from small_encoders import FAMILIES, build, ragged, twin

from ablate.encoders import packed
from ablate.encoders.base import Batch

CPU = torch.device("cpu")


@pytest.mark.parametrize("family", FAMILIES)
def test_outputs_and_gradients_in_fp32_equal_the_cpu_reference(family, cuda):
    encoder = build(family)
    other = twin(encoder, cuda)
    reference, found = encoder.padded(ragged(CPU)).flat, other(ragged(cuda)).flat
    torch.testing.assert_close(found.cpu(), reference, atol=1e-4, rtol=1e-4)
    weights = torch.linspace(-1, 1, reference.numel()).view_as(reference)  # so that no error cancels
    (reference * weights).sum().backward()
    (found * weights.to(cuda)).sum().backward()
    for (name, own), (_, its) in zip(encoder.named_parameters(), other.named_parameters(), strict=True):
        scale = float(own.grad.abs().max()) if own.grad is not None else 0.0
        if own.grad is not None:
            torch.testing.assert_close(its.grad.cpu(), own.grad, atol=1e-4 * max(scale, 1.0), rtol=1e-3, msg=name)


@pytest.mark.parametrize("family", FAMILIES)
def test_bf16_stays_within_its_rounding_of_fp32(family, cuda):
    encoder = twin(build(family), cuda)
    batch = ragged(cuda)
    with torch.no_grad():
        exact = encoder(batch).flat
        with torch.autocast(cuda.type, torch.bfloat16):
            rounded = encoder(batch).flat.float()
    # outputs are of layer norm, so about 1 in size; a bf16 number has 8 bits: 2**-8 each, summed over 3 layers
    assert float((rounded - exact).abs().mean()) < 0.02
    assert torch.nn.functional.cosine_similarity(rounded, exact, dim=-1).min() > 0.999


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("bf16", [False, True])
def test_documents_do_not_see_each_other(family, bf16, cuda):
    encoder, batch = twin(build(family), cuda), ragged(cuda)
    changed = batch.ids.clone()
    start, end = 5, 5 + 33  # the second document
    changed[start:end] = changed[start:end].flip(0)
    with torch.no_grad(), torch.autocast(cuda.type, torch.bfloat16, enabled=bf16):
        before, after = encoder(batch).flat, encoder(Batch(changed, batch.lengths)).flat
    assert torch.equal(before[:start], after[:start])
    assert torch.equal(before[end:], after[end:])
    assert not torch.equal(before[start:end], after[start:end])


@pytest.mark.parametrize(("checkpointing", "compiled"), [(True, False), (False, True), (True, True)])
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_options_of_the_engine_change_no_gradient(checkpointing, compiled, cuda):
    plain, other = twin(build("bert"), cuda).train(), twin(build("bert"), cuda).train()
    other.compute(checkpointing, compiled)
    for encoder in (plain, other):
        encoder(ragged(cuda)).flat.square().mean().backward()
    for (name, own), (_, its) in zip(plain.named_parameters(), other.named_parameters(), strict=True):
        if own.grad is not None:
            torch.testing.assert_close(its.grad, own.grad, atol=1e-5, rtol=1e-3, msg=name)


def test_the_kernel_for_all_lengths_gives_what_padding_gives(cuda):
    assert packed.varlen_works(cuda)
    found = packed.packing(torch.tensor([3, 1, 50, 3, 128]), cuda)
    random = torch.Generator(cuda).manual_seed(0)
    states = [torch.randn(185, 4, 32, generator=random, device=cuda).bfloat16().requires_grad_() for _ in range(3)]
    weights = torch.linspace(-1, 1, states[0].numel(), device=cuda).view_as(states[0])
    gradients = []
    for way in (packed.varlen, packed.padded):
        out = way(*states, found, 0.0, 32**-0.5)
        gradients.append((out, *torch.autograd.grad((out.float() * weights).sum(), states)))
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, atol=0.03, rtol=0.03)  # 8 bits each
