"""The exact posterior of every label given a text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ablate.synthesis.blocks import Family
from ablate.synthesis.tokens import Tokens
from ablate.synthesis.words import words
from ablate.synthesis.world import Prior, World

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
BATCH = 2_048
SMALLEST = 1e-4
"""What is stored of a posterior: values above this."""


LEAST = 1e-300
"""Stands for 0 where a logarithm or a quotient of 0 and 0 is asked for: of what no topic allows."""


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
    def of(cls, parts: Iterable[Floats], width: int) -> Eta:
        """From dense parts [n, L], one after the other; each is forgotten before the next is made."""
        sizes, indices, values = [np.zeros(0, np.int64)], [np.zeros(0, np.int32)], [np.zeros(0, np.float32)]
        for part in parts:
            kept = part > SMALLEST
            place, size = np.flatnonzero(kept), kept.sum(1)
            sizes.append(size)
            indices.append((place - np.repeat(np.arange(len(part)) * width, size)).astype(np.int32))
            values.append(part.ravel()[place].astype(np.float32))
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
    plain words; the few blocks of which a document has keywords are computed. Noise makes of it
    (1 - missing) eta + false (1 - eta).
    """

    def __init__(self, world: World, prior: Prior | None = None) -> None:
        self.world = world
        self.prior = world.prior if prior is None else prior
        self._blocks = tuple(
            _Blocks(world, family, table) for family, table in zip(world.families, self.prior.tables, strict=True)
        )
        self._topic_word = np.full(len(words()), -1)
        self._topic_word[world.pool] = np.arange(len(world.pool))
        with np.errstate(divide="ignore"):
            self._log_topics = np.log(self.prior.topics)
        self._quiet: dict[int, _Quiet] = {}

    def eta(self, tokens: Tokens) -> Eta:
        """Sparse posterior of documents."""
        parts = (self.dense(tokens.part(at, at + BATCH)) for at in range(0, len(tokens), BATCH))
        return Eta.of(parts, self.world.spec.labels)

    def dense(self, tokens: Tokens) -> Floats:
        """Posterior of documents, [N, L]; for batches, as all of it is held."""
        return self._of_hits(tokens, [blocks.hits(tokens) for blocks in self._blocks])

    def given_ratios(self, tokens: Tokens, log_ratios: Floats) -> Floats:
        """The posterior were each label's keywords to weigh so much, [N, L]: its likelihood against that of no label.

        ``log_ratios`` [N, L] add up over the labels of a block; topics and exposures are those of ``tokens``.
        """
        return self._of_hits(tokens, [blocks.everywhere(tokens, log_ratios) for blocks in self._blocks])

    def _of_hits(self, tokens: Tokens, hits: list[_Hits]) -> Floats:
        levels, level = np.unique(tokens.plain, return_inverse=True)
        quiet = [self._without_keywords(int(plain)) for plain in levels]
        weight = self._log_topics + np.stack([one.log for one in quiet])[level] + self._topic_words(tokens)
        for number, hit in enumerate(hits):
            weight += hit.log_gain(np.stack([one.blocks[number] for one in quiet]), level)
        weight = np.exp(weight - weight.max(1, keepdims=True))
        weight /= weight.sum(1, keepdims=True)  # P(z | text), [N, Z]
        eta = np.empty((len(tokens), self.world.spec.labels))
        order = np.argsort(level, kind="stable")
        ends = np.cumsum(np.bincount(level, minlength=len(levels)))
        for one, mine in zip(quiet, np.split(order, ends[:-1]), strict=True):
            eta[mine] = weight[mine] @ one.eta
        for hit in hits:
            hit.fill(eta, weight)
        noise = self.world.spec.noise
        if noise.missing or noise.false:
            eta = (1 - noise.missing) * eta + noise.false * (1 - eta)
        return np.clip(eta, 0, 1, out=eta)

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
        place = self._topic_word[tokens.word]
        mine = place >= 0
        if not len(self.world.pool):
            return np.zeros((len(tokens), len(self._log_topics)))
        heard = sparse.csr_matrix(
            (np.ones(mine.sum()), (tokens.row[mine], place[mine])), (len(tokens), len(self.world.pool))
        )
        return np.asarray(heard @ np.log(self.world.topic_rates.T))


@dataclass(frozen=True, eq=False)
class _Quiet:
    """Of a document without keywords: log likelihood given each topic [Z], log S of each block [G, Z] for each family,
    and the posterior given each topic [Z, L].
    """

    log: Floats
    blocks: list[Floats]
    eta: Floats


class _Blocks:
    """The blocks of one family."""

    def __init__(self, world: World, family: Family, table: Floats) -> None:
        self.world, self.family, self.table = world, family, table
        self.evidence = world.evidence[family.members] @ family.patterns.T  # [G, P]
        self.number = np.full(len(words()), -1)  # block of a word
        rates = np.zeros((len(words()), family.members.shape[1]))
        block_of = np.full((world.spec.labels, 2), -1)
        block_of[family.members.ravel()] = np.argwhere(np.ones(family.members.shape, bool))
        label, place, rate = world.writes
        block, slot = block_of[label].T
        mine = block >= 0
        word = world.keywords.word[place[mine]]
        self.number[word] = block[mine]
        rates[word, slot[mine]] = rate[mine]
        heard = self.number >= 0
        spurious = np.ones(len(words()))
        spurious[world.keywords.word] = world.keywords.spurious
        self.gain = np.zeros((len(words()), len(family.patterns)), np.float64)  # [V, P]
        self.gain[heard] = np.log1p((rates[heard] / spurious[heard, None]) @ family.patterns.T)

    def quiet(self, exposure: float, eta: Floats) -> Floats:
        """Log S of each block without keywords, [G, Z]; fills eta [Z, L]."""
        joint = self.table * np.exp(-exposure * self.evidence)[:, :, None]  # [G, P, Z]
        total = joint.sum(1)  # [G, Z]
        for slot, on in enumerate(self.family.patterns.T):
            eta[:, self.family.members[:, slot]] = _over(joint[:, on].sum(1), total).T
        return np.asarray(np.log(np.maximum(total, LEAST)))

    def hits(self, tokens: Tokens) -> _Hits:
        """The (document, block) pairs with keywords, in order of blocks, and their likelihood ratios."""
        block = self.number[tokens.word]
        mine = np.flatnonzero(block >= 0)
        keys = block[mine] * len(tokens) + tokens.row[mine]
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        first = np.flatnonzero(np.diff(keys, prepend=-1))
        block, row = np.divmod(keys[first], max(len(tokens), 1))
        gain = self.gain[tokens.word[mine[order]]]  # [tokens, P]
        heard = np.add.reduceat(gain, first, axis=0) if len(first) else np.zeros((0, len(self.family.patterns)))
        exposure = self.world.exposure(tokens.plain[row])
        log = heard - exposure[:, None] * self.evidence[block]
        return _Hits(self, row, block, log)

    def everywhere(self, tokens: Tokens, log_ratios: Floats) -> _Hits:
        """All pairs of documents and blocks, with likelihood ratios made from those of single labels [N, L]."""
        block = np.repeat(np.arange(len(self.family.members)), len(tokens))
        row = np.tile(np.arange(len(tokens)), len(self.family.members))
        log = log_ratios[row[:, None], self.family.members[block]] @ self.family.patterns.T
        return _Hits(self, row, block, log)


class _Hits:
    """Pairs of documents and blocks of one family: ``row`` and ``block`` [H], log likelihood ratios [H, P]."""

    def __init__(self, blocks: _Blocks, row: Ints, block: Ints, log: Floats) -> None:
        self.blocks, self.row, self.block = blocks, row, block
        self.top = log.max(1, initial=0)  # taken out: a likelihood ratio may be larger than a float
        self.ratio = np.exp(log - self.top[:, None])

    @cached_property
    def spans(self) -> list[tuple[int, slice]]:
        """Block and its slice of the pairs."""
        ends = np.flatnonzero(np.diff(self.block, append=-1)) + 1
        return [(int(self.block[end - 1]), slice(start, end)) for start, end in zip([0, *ends], ends, strict=False)]

    @cached_property
    def total(self) -> Floats:
        """S(z) of each pair but for its top, [H, Z]."""
        if self.ratio.shape[1] == 2:  # many blocks of one label: no product for each of them
            total = self._there * self.ratio[:, 1:]
            total += self.blocks.table[:, 0].take(self.block, axis=0) * self.ratio[:, :1]
            return np.asarray(total)
        total = np.empty((len(self.row), self.blocks.table.shape[2]))
        for block, span in self.spans:
            total[span] = self.ratio[span] @ self.blocks.table[block]
        return total

    @cached_property
    def _there(self) -> Floats:
        """P(the one label | z) of each pair, [H, Z]."""
        return np.asarray(self.blocks.table[:, 1].take(self.block, axis=0))

    def log_gain(self, quiet: Floats, level: Ints) -> Floats:
        """What the keywords add to the log likelihood of each topic, summed over blocks, [N, Z].

        ``quiet`` [levels, G, Z] is log S without keywords, ``level`` [N] the place of each document in it.
        """
        gain = np.maximum(self.total, LEAST)
        np.log(gain, out=gain)
        gain -= quiet.reshape(-1, quiet.shape[2]).take(level[self.row] * quiet.shape[1] + self.block, axis=0)
        gain += self.top[:, None]
        pairs = np.arange(len(self.row))
        adder = sparse.csr_matrix((np.ones(len(pairs)), (self.row, pairs)), (len(level), len(pairs)))
        return np.asarray(adder @ gain)

    def fill(self, eta: Floats, weight: Floats) -> None:
        """Write the posterior of these blocks' labels into eta [N, L], given P(z | text) [N, Z]."""
        family = self.blocks.family
        scaled = weight.take(self.row, axis=0)
        scaled /= np.maximum(self.total, LEAST)  # [H, Z]
        if self.ratio.shape[1] == 2:
            eta[self.row, family.members[self.block, 0]] = self.ratio[:, 1] * np.einsum("hz,hz->h", scaled, self._there)
            return
        share = np.empty_like(self.ratio)
        for block, span in self.spans:
            share[span] = scaled[span] @ self.blocks.table[block].T
        share *= self.ratio  # P(label set | text), [H, P]
        for slot, on in enumerate(family.patterns.T):
            eta[self.row, family.members[self.block, slot]] = share[:, on].sum(1)


def _over(top: Floats, bottom: Floats) -> Floats:
    """Quotient, 0 where nothing is possible."""
    return np.asarray(top / np.maximum(bottom, LEAST))
