"""One run spread over processes, one for each device: the same batch everywhere, a share of its documents each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from ablate.encoders.base import Tokens
from ablate.train.connected import PATIENCE, Connected
from ablate.train.model import Model
from ablate.train.random_state import restore, states

#: Bytes of gradients that are exchanged at once: DistributedDataParallel's default (Li et al. 2020).
BUCKET = 25 * 2**20


class Processes(Connected):
    """Ranks that share a batch. Tensors of a CPU go through gloo, those of a GPU through NCCL."""

    def __init__(self) -> None:
        super().__init__()
        self._device, self._data = torch.device("cpu"), self._words

    def use(self, device: torch.device) -> None:
        """Exchange tensors of this device from now on; every rank calls it."""
        self._device = device
        if device.type == "cuda":
            torch.cuda.set_device(device)
            with self._reaching():
                self._data = dist.new_group(backend="nccl", timeout=PATIENCE)

    def seed(self, number: int) -> None:
        """Seed this rank's own stream."""
        shared = states(self._device)
        torch.manual_seed(int(np.random.SeedSequence([number, self.rank]).generate_state(1)[0]))
        self._stream = states(self._device)
        restore(self._device, shared)

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Draw from this rank's own stream inside the block."""
        shared = states(self._device)
        restore(self._device, self._stream)
        try:
            yield
        finally:
            self._stream = states(self._device)
            restore(self._device, shared)

    def agreed(self, values: Tensor) -> Tensor:
        """The values of rank 0, on every rank."""
        values = values.clone()
        self._ready()
        with self._reaching():
            dist.broadcast(values, src=0, group=self._data)
        return values

    def align(self, model: Model) -> None:
        """Give every rank the weights of rank 0."""
        self._in_buckets([parameter.data for parameter in model.parameters()], self._from_first)

    def gather(self, features: Tensor | Tokens, documents: int) -> Tensor | Tokens:
        """Features of the whole batch, in its order."""
        sizes = [len(range(documents)[self._places(documents, rank)]) for rank in range(self.size)]
        if isinstance(features, Tensor):
            return self._rows(features, sizes, self._data)
        lengths = self._rows(features.lengths, sizes, self._words)  # [B], on the CPU
        tokens = [int(part.sum()) for part in torch.split(lengths, sizes)]
        return Tokens(self._rows(features.flat, tokens, self._data), lengths)

    def add_up(self, model: Model) -> None:
        """Sum over the ranks for the encoder, whose loss each saw through its own documents.

        Head and bias saw the whole batch on every rank; rank 0's gradients for all keep the weights the same to the
        last bit, also where an accelerator adds in another order each time.
        """
        encoder = [] if model.encoder is None else list(model.encoder.parameters())
        inside = {id(parameter) for parameter in encoder}
        rest = [parameter for parameter in model.parameters() if id(parameter) not in inside]
        self._in_buckets([p.grad for p in encoder if p.grad is not None], self._summed)
        self._in_buckets([p.grad for p in rest if p.grad is not None], self._from_first)

    def collect(self, scores: Tensor | None, sizes: Sequence[int], width: int) -> list[Tensor]:
        """Scores of each rank, on rank 0: parts differ in size by little, so the padding is small."""
        padded = torch.zeros(max(sizes), width, device=self._device)
        if scores is not None:
            padded[: len(scores)] = scores
        rooms = [torch.empty_like(padded) for _ in range(self.size)] if self.leads else None
        self._ready()
        with self._reaching():
            dist.gather(padded, rooms, dst=0, group=self._data)
        return [] if rooms is None else [room[:size] for room, size in zip(rooms, sizes, strict=False)]

    def _rows(self, own: Tensor, sizes: Sequence[int], group: dist.ProcessGroup) -> Tensor:
        """Rows of all ranks end to end, ``sizes[r]`` of rank r; as bytes, which every backend moves."""
        padded = own.new_zeros((max(sizes), *own.shape[1:]))
        padded[: len(own)] = own.detach()
        rooms = [torch.empty_like(padded) for _ in sizes]
        self._ready()
        with self._reaching():
            dist.all_gather([_bytes(room) for room in rooms], _bytes(padded), group)
        return torch.cat([room[:size] for room, size in zip(rooms, sizes, strict=True)])

    def _in_buckets(self, tensors: Sequence[Tensor], exchange: Callable[[Tensor], None]) -> None:
        """Exchange tensors in place, many at once: one at a time would cost more in starting than in moving."""
        for kind in sorted({tensor.dtype for tensor in tensors}, key=str):
            buckets = _buckets([tensor for tensor in tensors if tensor.dtype == kind])
            room = torch.empty(max(map(_numbers, buckets)), dtype=kind, device=self._device)
            self._ready()  # after the room was found: what fails from here on is not told, it is waited for
            for bucket in buckets:
                flat = room[: _numbers(bucket)]
                torch.cat([tensor.reshape(-1) for tensor in bucket], out=flat)
                with self._reaching():
                    exchange(flat)
                for tensor, part in zip(bucket, torch.split(flat, [t.numel() for t in bucket]), strict=True):
                    tensor.copy_(part.view_as(tensor))

    def _summed(self, flat: Tensor) -> None:
        dist.all_reduce(flat, group=self._data)

    def _from_first(self, flat: Tensor) -> None:
        dist.broadcast(flat, src=0, group=self._data)


def _bytes(tensor: Tensor) -> Tensor:
    return tensor.view(-1).view(torch.uint8)


def _numbers(tensors: Sequence[Tensor]) -> int:
    return sum(tensor.numel() for tensor in tensors)


def _buckets(tensors: Sequence[Tensor]) -> list[list[Tensor]]:
    """In order, as many together as a bucket holds; a larger one alone."""
    found: list[list[Tensor]] = []
    room = 0
    for tensor in tensors:
        size = tensor.numel() * tensor.element_size()
        if size > room:
            found.append([])
            room = BUCKET
        found[-1].append(tensor)
        room -= size
    return found
