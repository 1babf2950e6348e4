"""The exact posterior of every label given a text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.synthesis.hits import Blocks, Hits, added
from ablate.synthesis.tokens import Tokens
from ablate.synthesis.words import words
from ablate.synthesis.world import Prior, World

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Kind = type[np.float32] | type[np.float64]
HitsOf = Callable[[Ints, Tokens], list[Hits]]
BATCH, ROWS = 16_384, 512
"""Documents whose keywords are looked at together, and of which all labels are held at a time."""

SMALLEST = 1e-4
"""What is stored of a posterior: values above this."""


@dataclass(frozen=True, eq=False)
class Eta:
    """Posterior probabilities above :data:`SMALLEST`, as compressed sparse rows of ``width`` columns.

    Shapes: ``indptr`` int64 [N + 1], ``indices`` int32 and ``values`` float32 [pairs].
    """

    indptr: Ints
    indices: NDArray[np.int32]
    values: NDArray[np.float32]
    width: int

    @classmethod
    def of(cls, parts: Iterable[NDArray[Any]], width: int) -> Eta:
        """From dense parts [n, L], one after the other; each is forgotten before the next is made."""
        sizes, indices, values = [np.zeros(0, np.int64)], [np.zeros(0, np.int32)], [np.zeros(0, np.float32)]
        for part in parts:
            place = np.flatnonzero(part > SMALLEST)  # faster than indexing with the mask
            first = np.arange(len(part)) * width
            size = np.diff(np.searchsorted(place, first), append=len(place))
            sizes.append(size)
            indices.append((place - np.repeat(first, size)).astype(np.int32))
            values.append(np.minimum(part.ravel().take(place), 1).astype(np.float32, copy=False))
        indptr = np.concatenate([[0], np.cumsum(np.concatenate(sizes))]).astype(np.int64)
        return cls(indptr, np.concatenate(indices), np.concatenate(values), width)

    @classmethod
    def joined(cls, parts: list[Eta]) -> Eta:
        """One after the other."""
        starts = np.cumsum([0, *(len(part.values) for part in parts)])
        ends = [part.indptr[1:] + start for part, start in zip(parts, starts, strict=False)]
        indptr = np.concatenate([np.zeros(1, np.int64), *ends])
        indices = np.concatenate([part.indices for part in parts])
        return cls(indptr, indices, np.concatenate([part.values for part in parts]), parts[0].width)

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def dense(self) -> NDArray[np.float32]:
        """[N, L]; what is not stored is 0."""
        matrix = np.zeros((len(self), self.width), np.float32)
        matrix[np.repeat(np.arange(len(self)), np.diff(self.indptr)), self.indices] = self.values
        return matrix


class Posterior:
    """P(observed label | text) under a prior: the world's for independent documents, an allocation's for training ones.

    Words are independent Poisson counts given topic and labels, so with R_g(y) the likelihood of the words of block g
    under label set y over that under none,

        S_g(z) = sum_y P(y | z) R_g(y),   P(z | text) ~ P(z) P(topic words | z) prod_g S_g(z),
        eta_c = sum_z P(z | text) sum_{y with c} P(y | z) R_g(y) / S_g(z).

    Without keywords of the block R_g depends on the exposure alone and comes from a table, one row for each number of
    plain words; the few blocks of which a document has keywords are computed, once for all documents with as many plain
    words that heard the same. Noise makes of it (1 - missing) eta + false (1 - eta).
    """

    def __init__(self, world: World, prior: Prior | None = None) -> None:
        self.world = world
        self.prior = world.prior if prior is None else prior
        self._blocks = tuple(
            Blocks(world, family, table) for family, table in zip(world.families, self.prior.tables, strict=True)
        )
        self._topic_word = np.full(len(words()), -1)
        self._topic_word[world.pool] = np.arange(len(world.pool))
        self._log_topic_rates = np.log(world.topic_rates.T)  # [T, Z]
        with np.errstate(divide="ignore"):
            self._log_topics = np.log(self.prior.topics)
        self._quiet: dict[int, _Quiet] = {}

    def eta(self, tokens: Tokens) -> Eta:
        """Sparse posterior of documents."""
        return Eta.of(self._parts(tokens), self.world.spec.labels)

    def dense(self, tokens: Tokens) -> Floats:
        """Posterior of documents, [N, L]; for batches, as all of it is held."""
        eta = self._heard(tokens, self._hits).dense(0, len(tokens))
        return np.clip(eta, 0, 1, out=eta)

    def given_ratios(self, tokens: Tokens, log_ratios: Floats) -> Floats:
        """The posterior were each label's keywords to weigh so much, [N, L]: its likelihood against that of no label.

        ``log_ratios`` [N, L] add up over the labels of a block; topics and exposures are those of ``tokens``.
        """
        heard = self._heard(tokens, lambda level, _: [blocks.everywhere(level, log_ratios) for blocks in self._blocks])
        eta = heard.dense(0, len(tokens))
        return np.clip(eta, 0, 1, out=eta)

    def _parts(self, tokens: Tokens) -> Iterator[NDArray[np.float32]]:
        """The same as :meth:`dense`, in parts; single precision is what is kept."""
        for start in range(0, len(tokens), BATCH):
            heard = self._heard(tokens.part(start, start + BATCH), self._hits, np.float32)
            for at in range(0, len(heard.weight), ROWS):
                yield heard.dense(at, at + ROWS)

    def _hits(self, level: Ints, tokens: Tokens) -> list[Hits]:
        exposures = self.world.exposure(np.unique(tokens.plain))
        return [blocks.hits(tokens, level, exposures) for blocks in self._blocks]

    def _heard(self, tokens: Tokens, hits_of: HitsOf, kind: Kind = np.float64) -> _Heard:
        levels, level = np.unique(tokens.plain, return_inverse=True)
        quiet, hits = [self._without_keywords(int(plain)) for plain in levels], hits_of(level, tokens)
        zero = np.zeros((0, len(self._log_topics)))
        weight = self._log_topics + np.stack([one.log for one in quiet] or [zero])[level] + self._topic_words(tokens)
        for number, hit in enumerate(hits):
            hit.add_gain(weight, np.stack([one.blocks[number] for one in quiet]) if quiet else zero)
        weight = np.exp(weight - weight.max(1, keepdims=True))
        weight /= weight.sum(1, keepdims=True)
        return _Heard(self.world, weight.astype(kind, copy=False), level, quiet, hits)

    def _without_keywords(self, plain: int) -> _Quiet:
        if plain not in self._quiet:
            exposure = float(self.world.exposure(np.array(plain)))
            eta = np.zeros((len(self._log_topics), self.world.spec.labels))
            blocks = [one.quiet(exposure, eta) for one in self._blocks]
            log = sum(one.sum(0) for one in blocks) - exposure * self.world.topic_rates.sum(1)
            self._quiet[plain] = _Quiet(np.asarray(log), blocks, eta)
        return self._quiet[plain]

    def _topic_words(self, tokens: Tokens) -> Floats:
        """Log likelihood of the topic words but for the exposure, [N, Z]."""
        place = self._topic_word.take(tokens.word)
        mine = np.flatnonzero(place >= 0)
        return added(tokens.row[mine], place[mine], len(tokens), self._log_topic_rates)


@dataclass(frozen=True, eq=False)
class _Quiet:
    """Of a document without keywords: log likelihood given each topic [Z], log S of each block [G, Z] for each family,
    and the posterior given each topic [Z, L].
    """

    log: Floats
    blocks: list[Floats]
    eta: Floats

    @cached_property
    def _single(self) -> NDArray[np.float32]:
        return self.eta.astype(np.float32)

    def in_precision(self, kind: np.dtype[Any]) -> NDArray[Any]:
        """The posterior in single or double precision."""
        return self._single if kind == np.float32 else self.eta


@dataclass(frozen=True, eq=False)
class _Heard:
    """What documents say: P(z | text) ``weight`` [N, Z], the place ``level`` [N] of each in ``quiet``, and ``hits``."""

    world: World
    weight: NDArray[Any]
    level: Ints
    quiet: list[_Quiet]
    hits: list[Hits]

    def dense(self, start: int, end: int) -> NDArray[Any]:
        """Posterior of documents ``start`` to ``end``, [n, L], but for rounding above 1; in the precision of weight."""
        level, noise = self.level[start:end], self.world.spec.noise
        order = np.argsort(level, kind="stable")
        weight = self.weight[start:end].take(order, axis=0)
        sorted_eta = np.empty((len(weight), self.world.spec.labels), weight.dtype)
        ends = np.cumsum(np.bincount(level, minlength=len(self.quiet)))
        for quiet, low, high in zip(self.quiet, [0, *ends], ends, strict=False):
            if low < high:
                np.matmul(weight[low:high], quiet.in_precision(weight.dtype), out=sorted_eta[low:high])
        eta = sorted_eta.take(np.argsort(order), axis=0)
        for hit, values in zip(self.hits, self.of_hits, strict=True):
            hit.fill(eta, values, start)
        if noise.missing or noise.false:
            eta *= 1 - noise.missing - noise.false
            eta += noise.false
        return eta

    @cached_property
    def of_hits(self) -> list[NDArray[Any]]:
        """Posterior of the labels of blocks with keywords, [b, H] for each family."""
        return [hit.posterior(self.weight) for hit in self.hits]
