"""Attention over documents that lie end to end, without padding.

Registered with transformers under a name of its own: queries, keys and values come as one row of tokens, and each
document attends to itself alone. Inside the encoder the documents of a batch stand in order of length. On a CPU those
of equal length are one slice and go through one call; on CUDA, where each call costs more than its arithmetic, all go
through one call of a variable-length kernel, or are padded inside attention alone. The padded path
(:mod:`ablate.encoders.transformer`) is the slow twin that all are tested against.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

from ablate.encoders.dropout import dropped
from ablate.encoders.transfer import sent

NAME = "ablate_packed"

#: Families (transformers' ``model_type``) whose attention goes through the registered interface.
FAMILIES = ("bert", "roberta", "xlm-roberta", "camembert", "ernie", "data2vec-text")


@dataclass(frozen=True, eq=False)
class Packing:
    """How a batch lies in its row of tokens while it is in the encoder.

    ``groups`` (documents, length) of the slices of equal length; ``order`` int64 [tokens], where each token of the row
    comes from, ``back`` [tokens] undoes it; ``positions`` int64 [1, tokens], place of each token in its document;
    ``offsets`` int32 [B + 1], where the documents of the row start, and ``longest`` tokens of any.
    """

    groups: tuple[tuple[int, int], ...]
    order: Tensor
    back: Tensor
    positions: Tensor
    offsets: Tensor
    longest: int

    @cached_property
    def slots(self) -> Tensor:
        """Place of each token in the batch padded to the longest document, int64 [tokens]."""
        tokens = torch.arange(len(self.order), dtype=torch.int32, device=self.order.device)
        documents = torch.bucketize(tokens, self.offsets, right=True) - 1
        return documents * self.longest + self.positions[0]

    @cached_property
    def mask(self) -> Tensor:
        """True on the tokens of that padded batch, [B, 1, 1, longest]."""
        size = (len(self.offsets) - 1) * self.longest
        flat = torch.zeros(size, dtype=torch.bool, device=self.order.device).index_fill_(0, self.slots, True)
        return flat.view(-1, 1, 1, self.longest)


def packing(lengths: Tensor, device: torch.device) -> Packing:
    """Sort the documents of a batch by length; all index arithmetic is on the CPU, then moved once.

    ``lengths`` int64 [B] on the CPU; the tensors of the result are on ``device``.
    """
    own = lengths.numpy()  # numpy's small operations cost a tenth of torch's, which may ask many threads
    starts = np.cumsum(own) - own
    documents = np.argsort(own, kind="stable")
    sizes = own[documents]
    ends = np.cumsum(sizes)
    begin = ends - sizes
    positions = np.arange(ends[-1]) - np.repeat(begin, sizes)
    order = np.repeat(starts[documents], sizes) + positions
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    kinds, counts = np.unique(sizes, return_counts=True)
    offsets = np.concatenate([begin[:1], ends]).astype(np.int32)  # as the kernel wants them
    groups = tuple(zip(counts.tolist(), kinds.tolist(), strict=True))
    arrays = (order, back, positions[None], offsets)
    return Packing(groups, *_all_sent(arrays, device), longest=int(sizes[-1]))


def _all_sent(arrays: tuple[NDArray[Any], ...], device: torch.device) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    order, back, positions, offsets = (sent(torch.from_numpy(array), device) for array in arrays)
    return order, back, positions, offsets


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
    return attend(query, key, value, packed, dropout, scaling), None


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    packed: Packing,
    dropout: float = 0.0,
    scaling: float | None = None,
    bias: Tensor | None = None,
) -> Tensor:
    """The same, [1, tokens, heads, d]; ``bias`` [heads, longest, longest] is added to the scores of every document.

    A bias is cut to a document's length, so it has to depend on the distance of two tokens alone.
    """
    rows = [states[0].transpose(0, 1) for states in (query, key, value)]  # [tokens, heads, d]
    if query.is_cuda:
        whole = bias is None and query.dtype in (torch.bfloat16, torch.float16) and query.shape[-1] % 8 == 0
        if whole and varlen_works(query.device):
            return varlen(rows[0], rows[1], rows[2], packed, dropout, scaling)[None]
        return padded(rows[0], rows[1], rows[2], packed, dropout, scaling, bias)[None]
    return by_length(rows[0], rows[1], rows[2], packed, dropout, scaling, bias)[None]


def by_length(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    packed: Packing,
    dropout: float,
    scaling: float | None,
    bias: Tensor | None = None,
) -> Tensor:
    """One call for the documents of each length; no arithmetic on padding. All are [tokens, heads, d]."""
    _, heads, width = query.shape
    sizes = [documents * length for documents, length in packed.groups]
    split = (torch.split(states, sizes) for states in (query, key, value))
    outputs = []
    for (_, length), *parts in zip(packed.groups, *split, strict=True):
        q, k, v = (part.reshape(-1, length, heads, width).transpose(1, 2) for part in parts)
        own = None if bias is None else bias[:, :length, :length]
        out = _one_length(q, k, v, dropout, scaling, own)  # [documents, heads, length, d]
        outputs.append(out.transpose(1, 2).reshape(-1, heads, width))
    return torch.cat(outputs)


def padded(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    packed: Packing,
    dropout: float,
    scaling: float | None,
    bias: Tensor | None = None,
) -> Tensor:
    """One call for all documents, padded for it and no longer. All are [tokens, heads, d]."""
    _, heads, width = query.shape
    shape = (len(packed.offsets) - 1, packed.longest, heads, width)
    q, k, v = (
        states.new_zeros(shape).view(-1, heads, width).index_copy(0, packed.slots, states).view(shape).transpose(1, 2)
        for states in (query, key, value)
    )
    mask = packed.mask if bias is None else bias.masked_fill(~packed.mask, torch.finfo(bias.dtype).min)
    out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=dropout, scale=scaling)
    return out.transpose(1, 2).reshape(-1, heads, width).index_select(0, packed.slots)


def _one_length(q: Tensor, k: Tensor, v: Tensor, dropout: float, scaling: float | None, bias: Tensor | None) -> Tensor:
    """Attention of documents of equal length; longhand where dropout on a CPU would be drawn the dear way."""
    if dropout == 0 or q.device.type != "cpu":
        return F.scaled_dot_product_attention(q, k, v, attn_mask=bias, dropout_p=dropout, scale=scaling)
    scores = (q * (q.shape[-1] ** -0.5 if scaling is None else scaling)) @ k.transpose(-1, -2)
    if bias is not None:
        scores = scores + bias
    return dropped(torch.softmax(scores, -1), dropout) @ v


def varlen(query: Tensor, key: Tensor, value: Tensor, packed: Packing, dropout: float, scaling: float | None) -> Tensor:
    """All documents in one call of a variable-length kernel (Dao 2023).

    Query, key and value are [tokens, heads, d], half precision, and so is the result. The operator is called itself:
    nested tensors, its public face, cost more on the host in each layer than the kernel does on the device.
    """
    out: Tensor = torch.ops.aten._flash_attention_forward(
        query.contiguous(),
        key.contiguous(),
        value.contiguous(),
        packed.offsets,
        packed.offsets,
        packed.longest,
        packed.longest,
        dropout,
        False,
        False,
        scale=scaling,
    )[0]
    return out


@cache
def varlen_works(device: torch.device) -> bool:
    """Whether this build of torch runs :func:`varlen` on a device, forwards and backwards; asked once."""
    packed = packing(torch.tensor([3, 5]), device)
    # whoever asks first may be evaluating, and no random number of a run may be used up
    with torch.enable_grad(), torch.autocast(device.type, enabled=False):
        states = torch.linspace(-1, 1, 8 * 2 * 32, device=device, dtype=torch.bfloat16).view(8, 2, 32)
        states.requires_grad_()
        try:
            varlen(states, states, states, packed, 0.0, None).sum().backward()  # type: ignore[no-untyped-call]
        except (RuntimeError, ValueError, TypeError, AttributeError):  # whatever it is, padded attention serves
            return False
    return states.grad is not None and bool(torch.isfinite(states.grad).all())


def runner(packed: Packing) -> Callable[[nn.Module, Tensor], Tensor]:
    """What takes a layer and its input [1, tokens, d] to its output."""

    def run(layer: nn.Module, hidden: Tensor) -> Tensor:
        out: Tensor = layer(hidden, None, packed=packed)
        return out

    return run


def register() -> None:
    """Make the attention known to transformers; calling it again changes nothing."""
    AttentionInterface.register(NAME, attention)
    AttentionMaskInterface.register(NAME, _mask)


def supports(model: Any) -> bool:
    """Whether a model's attention goes through the registered interface."""
    return model.config.model_type in FAMILIES and not getattr(model.config, "is_decoder", False)


def _mask(*args: Any, attention_mask: Tensor | None = None, **kwargs: Any) -> Tensor | None:
    """None for a packed batch, whose documents are kept apart by the groups; sdpa's mask for a padded one."""
    if attention_mask is None:
        return None
    mask: Tensor | None = sdpa_mask(*args, attention_mask=attention_mask, **kwargs)
    return mask
