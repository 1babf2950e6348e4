"""Independent chunks of documents: any number of processes makes the same ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ablate.synthesis.allocation import Allocation, allocate, chunks
from ablate.synthesis.counts import split_sizes
from ablate.synthesis.documents import Drawn, Ints, Rows, drawn, drawn_given, observed, placed
from ablate.synthesis.posterior import Posterior
from ablate.synthesis.spec import Spec
from ablate.synthesis.tokens import Tokens, Writer, spell
from ablate.synthesis.world import World, build

SIZE = 10_000
"""Documents of a chunk at most; its seed is its own."""

SPLITS = ("train", "validation", "test", "tail")
TAIL = SPLITS.index("tail")


@dataclass(frozen=True, eq=False)
class Chunk:
    """What makes a chunk: its split and number, its size, and for train what it holds of the exact counts.

    Tail documents number ``first`` and on belong to labels in order, ``documents.tail`` for each.
    """

    split: int
    number: int
    size: int
    first: int
    allocation: Allocation | None = None

    @property
    def name(self) -> str:
        """Such as ``train-00003``."""
        return f"{SPLITS[self.split]}-{self.number:05d}"


@dataclass(frozen=True, eq=False)
class Made:
    """Documents of a chunk: ``texts`` (an Arrow array), observed ``labels``, ``true`` labels and topics, ``tokens``,
    and of tail documents ``given``, the label that each was drawn for.
    """

    texts: Any
    labels: Rows
    true: Drawn
    tokens: Tokens
    given: Ints | None


class Factory:
    """All chunks of a spec, and how one is made."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.world: World = build(spec)
        self._writer = Writer(self.world)

    @cached_property
    def allocation(self) -> Allocation:
        """Exact counts of the training documents."""
        return allocate(self.world)

    @cached_property
    def chunks(self) -> tuple[Chunk, ...]:
        """In order of splits."""
        *sizes, tail = *split_sizes(self.spec), self.spec.documents.tail * self.spec.labels
        found = []
        for split, total in enumerate((*sizes, tail)):
            parts = [min(SIZE, total - first) for first in range(0, total, SIZE)]
            dealt = [None] * len(parts) if split else list(chunks(self.allocation, parts, self._rng(1, 1)))
            found += [
                Chunk(split, number, size, number * SIZE, hand)
                for number, (size, hand) in enumerate(zip(parts, dealt, strict=True))
            ]
        return tuple(found)

    def posterior(self, split: int) -> Posterior:
        """The exact posterior of a split's documents: of training documents, given the law of their fixed counts."""
        return self._of_train if split == 0 else self._of_others

    def make(self, chunk: Chunk) -> Made:
        """The documents of a chunk; labels, words and order have random streams of their own."""
        world, (labels, words, order, noise) = (
            self.world,
            (self._rng(2, chunk.split, chunk.number, i) for i in range(4)),
        )
        given: Ints | None = None
        if chunk.allocation is not None:
            true = placed(world, chunk.allocation, labels)
        elif chunk.split == TAIL:
            given = np.arange(chunk.first, chunk.first + chunk.size) // self.spec.documents.tail
            true = drawn_given(world, given, labels)
        else:
            true = drawn(world, chunk.size, labels)
        tokens = self._writer.draw(true, words)
        seen = observed(true.labels, self.spec.noise, noise, given)
        return Made(spell(world, tokens, order), seen, true, tokens, given)

    def _rng(self, *key: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(self.spec.seed, spawn_key=key))

    @cached_property
    def _of_train(self) -> Posterior:
        return Posterior(self.world, self.allocation.prior)

    @cached_property
    def _of_others(self) -> Posterior:
        return Posterior(self.world)
