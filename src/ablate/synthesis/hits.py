"""Keywords that documents have of a block of labels, and how likely each set of its labels makes them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ablate.synthesis.blocks import Family
from ablate.synthesis.tokens import Tokens
from ablate.synthesis.words import words
from ablate.synthesis.world import World

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
LEAST = 1e-300
"""Stands for 0 where a logarithm or a quotient of 0 and 0 is asked for: of what no topic allows."""

CODES = 1 << 16
"""What documents of one level hear of a block is numbered with numbers below about this."""

PAIRS = 1_024
"""Pairs of documents and blocks at a time, so that what they need stays in the nearest cache."""


class Blocks:
    """The blocks of one family, G of them, with P label sets each.

    ``table`` [G, P, Z] is P(label set | topic); ``evidence`` [G, P] keywords that a label set adds at exposure 1.
    """

    def __init__(self, world: World, family: Family, table: Floats) -> None:
        self.family, self.table = family, table
        self.evidence = world.evidence[family.members] @ family.patterns.T  # [G, P]
        block_of = np.full((world.spec.labels, 2), -1)
        block_of[family.members.ravel()] = np.argwhere(np.ones(family.members.shape, bool))
        label, place, rate = world.writes
        block, slot = block_of[label].T
        mine = block >= 0
        # keywords of these blocks are numbered in order of blocks: ``block`` [K]
        pairs = np.unique(block[mine] * len(words()) + world.keywords.word[place[mine]])
        self.block, word = np.divmod(pairs, len(words()))
        self.number = np.full(len(words()), -1)
        self.number[word] = np.arange(len(word))
        rates = np.zeros((len(word), family.members.shape[1]))
        rates[self.number[world.keywords.word[place[mine]]], slot[mine]] = rate[mine]
        spurious = np.ones(len(words()))
        spurious[world.keywords.word] = world.keywords.spurious
        self.gain = np.log1p((rates / spurious[word, None]) @ family.patterns.T)  # [K, P]

    def quiet(self, exposure: float, eta: Floats) -> Floats:
        """Log S of each block without keywords, [G, Z]; fills eta [Z, L]."""
        joint = self.table * np.exp(-exposure * self.evidence)[:, :, None]  # [G, P, Z]
        total = joint.sum(1)  # [G, Z]
        for slot, on in enumerate(self.family.patterns.T):
            eta[:, self.family.members[:, slot]] = (joint[:, on].sum(1) / np.maximum(total, LEAST)).T
        return np.asarray(np.log(np.maximum(total, LEAST)))

    def hits(self, tokens: Tokens, level: Ints, exposures: Floats) -> Hits:
        """The (document, block) pairs with keywords and their likelihood ratios, equal ones computed once.

        ``level`` [N] is the place of each document in ``exposures``. Most documents hear one word of a block, once or a
        few times: those with the same word, number and level are one case. All others are cases of their own.
        """
        number = self.number.take(tokens.word)
        mine = np.flatnonzero(number >= 0)
        keys = tokens.row.take(mine) * len(self.block) + number.take(mine)
        keys.sort()  # by document, block and word
        row = keys // max(len(self.block), 1)
        number = keys - row * len(self.block)
        start = np.flatnonzero(np.diff(row * len(self.table) + self.block.take(number), prepend=-1))
        size = np.diff(start, append=len(keys))
        row, first, last = row[start], number[start], number[start + size - 1]
        most = max(CODES // max(len(self.block) * len(exposures), 1), 1)
        alike = (first == last) & (size <= most)
        code = ((first * most + size - 1) * len(exposures) + level.take(row))[alike]
        codes, case = _distinct(code, len(self.block) * most * len(exposures))
        which = np.empty(len(start), np.int64)
        which[alike] = case
        which[~alike] = len(codes) + np.arange(len(start) - len(case))
        told, place = np.divmod(codes, len(exposures))
        word, times = np.divmod(told, most)
        single = self.gain[word] * (times + 1)[:, None]
        mixed = _sums(self.gain[number[np.repeat(~alike, size)]], size[~alike])
        place = np.concatenate([place, level[row[~alike]]])
        block = self.block[np.concatenate([word, first[~alike]])]
        log = np.concatenate([single, mixed]) - exposures[place][:, None] * self.evidence[block]
        return Hits(self, row, which, place, block, log)

    def everywhere(self, level: Ints, log_ratios: Floats) -> Hits:
        """All pairs of documents and blocks, with likelihood ratios made from those of single labels [N, L]."""
        row = np.repeat(np.arange(len(level)), len(self.table))
        block = np.tile(np.arange(len(self.table)), len(level))
        log = log_ratios[row[:, None], self.family.members[block]] @ self.family.patterns.T
        return Hits(self, row, np.arange(len(row)), level[row], block, log)


@dataclass(frozen=True, eq=False)
class Hits:
    """Pairs of documents and blocks of one family: ``row`` [H], ascending, and ``which`` [H], the case of each.

    A case has a ``level`` [C], a ``block`` [C] and the ``log`` likelihood ratio of each label set, [C, P].
    """

    blocks: Blocks
    row: Ints
    which: Ints
    level: Ints
    block: Ints
    log: Floats

    @cached_property
    def _top(self) -> Floats:
        """Taken out, [C]: a likelihood ratio may be larger than a float."""
        return np.asarray(self.log.max(1, initial=0))

    @cached_property
    def _ratio(self) -> Floats:
        return np.asarray(np.exp(self.log - self._top[:, None]))

    @cached_property
    def _spans(self) -> list[tuple[int, Ints]]:
        """Blocks and their cases."""
        order = np.argsort(self.block, kind="stable")
        ends = np.cumsum(np.bincount(self.block, minlength=len(self.blocks.table)))
        return [(block, cases) for block, cases in enumerate(np.split(order, ends[:-1])) if len(cases)]

    def _sum(self, on: NDArray[np.bool_]) -> Floats:
        """P(label set | z) R but for its top, summed over the label sets that are ``on`` [P], of each case, [C, Z]."""
        table = self.blocks.table
        if len(on) == 2:  # many blocks of one label: no product for each of them
            parts = [table[:, one].take(self.block, axis=0) * self._ratio[:, one, None] for one in np.flatnonzero(on)]
            return np.asarray(sum(parts))
        total = np.empty((len(self.block), table.shape[2]))
        for block, cases in self._spans:
            total[cases] = self._ratio[cases][:, on] @ table[block, on]
        return total

    @cached_property
    def _total(self) -> Floats:
        """S(z) of each case but for its top, [C, Z]."""
        return np.maximum(self._sum(np.ones(self.log.shape[1], bool)), LEAST)

    @cached_property
    def _given(self) -> list[Floats]:
        """P(label | z, text) of each case, [C, Z], for each label of a block."""
        return [self._sum(on) / self._total for on in self.blocks.family.patterns.T]

    def add_gain(self, weight: Floats, quiet: Floats) -> None:
        """Add what keywords change of the log likelihood of topics to ``weight`` [N, Z].

        ``quiet`` [levels, G, Z] is log S without keywords.
        """
        gain = np.log(self._total)
        gain -= quiet[self.level, self.block]
        gain += self._top[:, None]
        weight += added(self.row, self.which, len(weight), gain)

    def posterior(self, weight: NDArray[Any]) -> NDArray[Any]:
        """Posterior of the labels of each pair's block, [b, H], given P(z | text) ``weight`` [N, Z], whose precision it
        has.
        """
        givens = [given.astype(weight.dtype, copy=False) for given in self._given]
        eta = np.empty((len(givens), len(self.row)), weight.dtype)
        mine, given = np.empty((2, PAIRS, weight.shape[1]), weight.dtype)
        for start in range(0, len(self.row), PAIRS):
            part = slice(start, start + PAIRS)
            size = len(self.row[part])
            # "clip" writes straight into what is there already, and no number is out of bounds
            weight.take(self.row[part], axis=0, out=mine[:size], mode="clip")
            for slot, values in enumerate(givens):
                values.take(self.which[part], axis=0, out=given[:size], mode="clip")
                np.einsum("hz,hz->h", mine[:size], given[:size], out=eta[slot, part])
        return eta

    def fill(self, eta: NDArray[Any], values: NDArray[Any], first: int) -> None:
        """Write the ``values`` of :meth:`posterior` into eta [n, L], which begins with document ``first``."""
        low, high = np.searchsorted(self.row, [first, first + len(eta)])
        block, start = self.block.take(self.which[low:high]), (self.row[low:high] - first) * eta.shape[1]
        cells = eta.ravel()  # a view: one number tells a cell faster than two
        for slot, members in enumerate(self.blocks.family.members.T):
            cells[start + members.take(block)] = values[slot, low:high]


def added(row: Ints, which: Ints, rows: int, values: Floats) -> Floats:
    """Sums of ``values`` [C, Z] over pairs of a row, ascending, and a line of ``values``: [rows, Z]."""
    ends = np.searchsorted(row, np.arange(rows + 1))
    adder = sparse.csr_matrix((np.ones(len(which)), which, ends), (rows, len(values)))
    return np.asarray(adder @ values)


def _distinct(code: Ints, below: int) -> tuple[Ints, Ints]:
    """The distinct codes, ascending, and the place of each code among them."""
    there = np.zeros(below, bool)
    there[code] = True
    place = np.cumsum(there) - 1
    return np.flatnonzero(there), place[code]


def _sums(values: Floats, size: Ints) -> Floats:
    """Sums of consecutive lines, ``size`` of them each, at least 1."""
    first = np.cumsum(size) - size
    return np.add.reduceat(values, first, axis=0) if len(first) else np.zeros((0, values.shape[1]))
