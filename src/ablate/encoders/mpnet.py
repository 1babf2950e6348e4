"""Packed batches for MPNet, whose attention adds a bias by distance and does not go through transformers' interface."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ablate.encoders.packed import Packing, attend


def supports(model: Any) -> bool:
    """Whether this is an MPNet."""
    return bool(model.config.model_type == "mpnet")


def runner(model: Any, packed: Packing) -> Callable[[nn.Module, Tensor], Tensor]:
    """What takes a layer of ``model`` and its input [1, tokens, d] to its output.

    The bias of relative positions (Song et al. 2020; buckets of Raffel et al. 2020) is the same for all layers.
    """
    longest = torch.empty(1, packed.longest, device=packed.order.device)
    bias: Tensor = model.encoder.compute_position_bias(longest)[0]  # [heads, longest, longest]

    def run(layer: Any, hidden: Tensor) -> Tensor:
        block = layer.attention
        attended = block.LayerNorm(block.dropout(_attention(block.attn, hidden, packed, bias)) + hidden)
        out: Tensor = layer.output(layer.intermediate(attended), attended)
        return out

    return run


def _attention(own: Any, hidden: Tensor, packed: Packing, bias: Tensor) -> Tensor:
    """Each document's attention to itself, projected, [1, tokens, d]."""
    shape = (*hidden.shape[:-1], own.num_attention_heads, own.attention_head_size)
    q, k, v = (project(hidden).view(shape).transpose(1, 2) for project in (own.q, own.k, own.v))
    dropout = own.dropout.p if own.dropout.training else 0.0
    out: Tensor = own.o(attend(q, k, v, packed, dropout, bias=bias.to(q.dtype)).flatten(2))
    return out
