"""How a run is computed, as far as that changes no figure beyond rounding."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Compute:
    """Ways to trade time for memory, or to use what an accelerator offers; the defaults suit every device.

    ``micro_batch_tokens``: most tokens that the encoder reads at once (None: the whole batch); head and loss see the
    whole batch all the same. ``checkpointing``: compute the inside of a layer again in the backward pass (Chen et
    al. 2016). ``compile``: fuse the layers with ``torch.compile``.
    """

    micro_batch_tokens: int | None = None
    checkpointing: bool = False
    compile: bool = False
