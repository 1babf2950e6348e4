"""Packed batches against their padded twin, layer by layer: a small BERT, a batch as it comes."""

import numpy as np
import pytest
import torch

from ablate.encoders import packed
from ablate.encoders.base import Batch
from benchmarks.ratios import corpus
from benchmarks.ratios.case import RandomWeights

BATCH = 32
HEADS, WIDTH = 12, 32


@pytest.fixture(scope="module")
def lengths() -> torch.Tensor:
    return torch.from_numpy(corpus.lengths(BATCH, np.random.default_rng(0)))


@pytest.fixture(scope="module")
def encoder():
    backbone = RandomWeights(shrink=4)  # 3 layers of 192
    return backbone.build(backbone.tokenizer([])).train()


@pytest.fixture(scope="module")
def batch(encoder, lengths) -> Batch:
    return Batch(torch.randint(1_000, 2_000, (int(lengths.sum()),)), lengths)


def test_laying_a_batch_out(benchmark, lengths):
    benchmark(packed.packing, lengths, torch.device("cpu"))


@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_attention_forward_and_backward(benchmark, lengths, dropout):
    layout = packed.packing(lengths, torch.device("cpu"))
    states = torch.randn(1, HEADS, int(lengths.sum()), WIDTH, requires_grad=True)
    module = torch.nn.Module()
    benchmark(lambda: packed.attention(module, states, states, states, None, None, dropout, layout)[0].sum().backward())


@pytest.mark.parametrize("way", ["packed", "padded"])
def test_encoder_forward_and_backward(benchmark, encoder, batch, way):
    forward = encoder.forward if way == "packed" else encoder.padded

    def step() -> None:
        encoder.zero_grad(set_to_none=True)
        forward(batch).flat.square().mean().backward()

    benchmark(step)
