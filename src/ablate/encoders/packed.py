"""Attention over documents that lie end to end, without padding.

Registered with transformers under a name of its own: queries, keys and values come as one row of tokens, and each
document attends to itself alone. Documents of equal length go through one call, so a batch costs as many calls as it
has different lengths. The padded path (:mod:`ablate.encoders.transformer`) is the slow twin that it is tested against.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

NAME = "ablate_packed"

#: Families (transformers' ``model_type``) whose attention goes through the registered interface.
FAMILIES = ("bert", "roberta")


@dataclass(frozen=True, eq=False)
class Group:
    """Documents of one length.

    ``tokens`` int64 [documents * length], places in the row of tokens, document by document.
    """

    tokens: Tensor
    length: int


@dataclass(frozen=True, eq=False)
class Packing:
    """How a batch lies in its row of tokens.

    ``positions`` int64 [1, tokens], place of each token in its document; ``back`` int64 [tokens] undoes the order in
    which the groups stand one after the other.
    """

    groups: tuple[Group, ...]
    positions: Tensor
    back: Tensor


def packing(lengths: Tensor, device: torch.device) -> Packing:
    """Sort the documents of a batch by length; all index arithmetic is on the CPU, then moved once.

    ``lengths`` int64 [B] on the CPU; the result is on ``device``.
    """
    starts = torch.cumsum(lengths, 0) - lengths
    groups, order = [], []
    for length in torch.unique(lengths).tolist():
        own = starts[lengths == length]
        tokens = (own[:, None] + torch.arange(length)).view(-1)
        order.append(tokens)
        groups.append(Group(tokens.to(device, non_blocking=True), int(length)))
    back = torch.argsort(torch.cat(order))
    positions = torch.arange(int(lengths.sum())) - torch.repeat_interleave(starts, lengths)
    return Packing(tuple(groups), positions.to(device)[None], back.to(device))


def attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    packed: Packing | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """Each document's attention to itself; query, key and value are [1, heads, tokens, d].

    Gives [1, tokens, heads, d], as transformers expects it. Without a packing the input is a padded batch, and
    transformers' own sdpa attention answers.
    """
    if packed is None:
        padded: tuple[Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **kwargs
        )
        return padded
    heads, width = query.shape[1], query.shape[-1]
    rows = [states[0].transpose(0, 1) for states in (query, key, value)]  # [tokens, heads, d]
    outputs = []
    for group in packed.groups:
        q, k, v = (
            row.index_select(0, group.tokens).view(-1, group.length, heads, width).transpose(1, 2) for row in rows
        )
        out = F.scaled_dot_product_attention(q, k, v, dropout_p=dropout, scale=scaling)  # [documents, heads, length, d]
        outputs.append(out.transpose(1, 2).reshape(-1, heads, width))
    return torch.cat(outputs).index_select(0, packed.back)[None], None


def register() -> None:
    """Make the attention known to transformers; calling it again changes nothing."""
    AttentionInterface.register(NAME, attention)
    AttentionMaskInterface.register(NAME, _mask)


def supports(model: Any) -> bool:
    """Whether a model's attention can be packed."""
    return model.config.model_type in FAMILIES and not getattr(model.config, "is_decoder", False)


def _mask(*args: Any, attention_mask: Tensor | None = None, **kwargs: Any) -> Tensor | None:
    """None for a packed batch, whose documents are kept apart by the groups; sdpa's mask for a padded one."""
    if attention_mask is None:
        return None
    mask: Tensor | None = sdpa_mask(*args, attention_mask=attention_mask, **kwargs)
    return mask
