"""Which labels of a data set depend on each other, as blocks of a spec."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.synthesis.blocks import Family, rake
from ablate.synthesis.documents import Rows
from ablate.synthesis.spec import Block
from ablate.synthesis.twin.pairs import Pairs
from ablate.synthesis.world import FLOOR, FULLEST

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Members = tuple[int, ...]

WIDEST = 4
"""Labels of a block that attract each other, at most."""

ENOUGH = 5
"""Documents with both labels from which on a pair is taken for more than chance."""

SURE = 10
"""Documents without an exception from which on one label is taken to imply another."""

CROWDED = 0.98
"""Share of the documents that labels which exclude each other carry together, at most."""

OUTWEIGHS = 4.0
"""How much more what exclusion tells counts than what attraction does: it bears on most documents, attraction on few.
Of 1, 2, 4 and 16 the one with which three real sets kept most of both cardinality and co-occurrence.
"""

CANDIDATES = 1_000
"""Most frequent labels that are looked at for labels that exclude each other."""

TEMPERED = 6
"""How often the weights of a block are drawn nearer to each other where its table cannot be met."""


@dataclass(frozen=True, eq=False)
class Grouping:
    """Label numbers of blocks whose labels attract each other, and of blocks whose labels exclude each other."""

    attracted: tuple[Members, ...]
    exclusive: tuple[Members, ...]

    def exclude(self, labels: int) -> NDArray[np.bool_]:
        """Which labels exclude others, [L]."""
        return np.isin(np.arange(labels), [label for members in self.exclusive for label in members])


def grouped(pairs: Pairs, variance: float) -> Grouping:
    """Blocks that imply a ``variance`` of the number of labels of a document, as near as labels allow.

    Labels that repel each other make exclusive blocks, the more of them the fewer documents have many labels; the
    others are blocks of what attracts each other most. A label excludes others where that tells more of its pairs than
    attraction does, the clearest first; how many do is bisected.
    """
    repelling = _repelling(pairs)
    attracted = _attracted(pairs, set())
    gain = OUTWEIGHS * _told_by_exclusion(pairs, repelling) - _told_by_attraction(pairs, attracted)
    order = [label for label in np.argsort(-gain, kind="stable").tolist() if gain[label] > 0]
    alone = _split(pairs, repelling, [])
    if _variance(pairs, alone) <= variance * (1 + 2 * math.sqrt(2 / pairs.documents)):  # but for chance
        return alone
    low, high = 0, len(order)
    while high - low > 1:
        middle = (low + high) // 2
        enough = _variance(pairs, _split(pairs, repelling, order[:middle])) <= variance
        low, high = (low, middle) if enough else (middle, high)
    found = [_split(pairs, repelling, order[:size]) for size in (low, high)]
    return min(found, key=lambda grouping: abs(_variance(pairs, grouping) - variance))


def _split(pairs: Pairs, repelling: list[Members], chosen: list[int]) -> Grouping:
    """Of the labels that repel each other, the chosen ones are exclusive; the rest may attract each other."""
    cut = (tuple(label for label in members if label in set(chosen)) for members in repelling)
    exclusive = tuple(members for members in cut if len(members) > 1)
    return Grouping(_attracted(pairs, {label for members in exclusive for label in members}), exclusive)


def _told_by_exclusion(pairs: Pairs, blocks: Iterable[Members]) -> Floats:
    """What exclusion tells over each label's pairs, [L]: the Poisson deviance e of a pair never met, else less."""
    gain = np.zeros(len(pairs.counts))
    for members in blocks:
        a, b = _pairs_of(members)
        gain += _over_labels(pairs, a, b, pairs.expected(a, b) - 2 * pairs.met(a, b))
    return gain


def _told_by_attraction(pairs: Pairs, blocks: Iterable[Members]) -> Floats:
    """What a table tells over each label's pairs, [L]: the Poisson deviance that independence leaves."""
    gain = np.zeros(len(pairs.counts))
    for members in blocks:
        a, b = _pairs_of(members)
        gain += _over_labels(pairs, a, b, _deviance(pairs.met(a, b), pairs.expected(a, b)))
    return gain


def _pairs_of(members: Members) -> tuple[Ints, Ints]:
    first, second = np.triu_indices(len(members), 1)
    numbers = np.array(members, np.int64)
    return numbers[first], numbers[second]


def _over_labels(pairs: Pairs, first: Ints, second: Ints, gain: Floats) -> Floats:
    labels = len(pairs.counts)
    return np.asarray(np.bincount(first, gain, labels) + np.bincount(second, gain, labels), np.float64)


def _repelling(pairs: Pairs) -> list[Members]:
    """Blocks of labels that come together less than half as often as by chance, filled from the most frequent on."""
    labels = np.argsort(-pairs.counts, kind="stable")[:CANDIDATES]
    met = pairs.together[labels][:, labels].toarray()
    expected = np.outer(pairs.counts[labels], pairs.counts[labels] / pairs.documents)
    room = CROWDED * pairs.documents
    bar = _beyond_chance(pairs)
    free, found = np.ones(len(labels), bool), []
    for first in range(len(labels)):
        members = _one_repelling(first, free, met, expected, pairs.counts[labels], room, bar) if free[first] else ()
        if len(members) > 1:
            free[list(members)] = False
            found.append(tuple(labels[list(members)].tolist()))
    return found


def _one_repelling(
    first: int, free: NDArray[np.bool_], met: Ints, expected: Floats, counts: Ints, room: float, bar: float
) -> Members:
    """Places of a block that starts with ``first``; ``met`` and ``expected`` [C, C] of the candidates."""
    chosen, left = [first], room - counts[first]
    open_ = free.copy()
    met_all, expected_all = np.zeros(len(free), np.int64), np.zeros(len(free))
    while True:
        newest = chosen[-1]
        met_all += met[newest]
        expected_all += expected[newest]
        open_[: newest + 1] = False  # labels come in order of frequency
        open_ &= ~_attracts(met[newest], expected[newest], bar)
        repelled = (met_all <= expected_all / 2) & (expected_all >= ENOUGH)
        able = np.flatnonzero(open_ & repelled & (counts <= left))
        if not len(able):
            return tuple(chosen)
        chosen.append(int(able[0]))
        left -= counts[able[0]]


def _beyond_chance(pairs: Pairs) -> float:
    """The deviance that, of all pairs of labels, about one reaches by chance."""
    labels = len(pairs.counts)
    return math.log(max(labels * (labels - 1) / 2, 10))


def _attracts(met: Ints, expected: Floats, bar: float) -> NDArray[np.bool_]:
    """Whether pairs come together more often than by chance, beyond doubt."""
    return (met >= ENOUGH) & (met > expected) & (_deviance(met, expected) >= bar)


def _deviance(met: Ints, expected: Floats) -> Floats:
    """How much pairs tell against chance: n log(n / e) - (n - e), which weighs excess against how well it is known."""
    return np.asarray(met * np.log(np.maximum(met, 1) / expected) - (met - expected))


def _attracted(pairs: Pairs, taken: set[int]) -> tuple[Members, ...]:
    """Pairs from the strongest on, blocks that share a label joined while they stay narrow."""
    first, second = pairs.seen()
    met, expected = pairs.met(first, second), pairs.expected(first, second)
    free = np.ones(len(pairs.counts), bool)
    free[list(taken)] = False
    kept = free[first] & free[second] & _attracts(met, expected, _beyond_chance(pairs))
    first, second, met, expected = first[kept], second[kept], met[kept], expected[kept]
    strength = _deviance(met, expected)
    home: dict[int, list[int]] = {}
    for place in np.argsort(-strength, kind="stable"):
        a, b = int(first[place]), int(second[place])
        one, other = home.get(a, [a]), home.get(b, [b])
        if one is not other and len(one) + len(other) <= WIDEST:
            joined = [*one, *other]
            home |= dict.fromkeys(joined, joined)
    blocks = {min(members): tuple(sorted(members, key=lambda c: (-pairs.counts[c], c))) for members in home.values()}
    return tuple(blocks[key] for key in sorted(blocks))


def _variance(pairs: Pairs, grouping: Grouping) -> float:
    """Of the number of labels: that of independent labels, changed by what the pairs within blocks exceed or lack."""
    share = pairs.counts / pairs.documents
    total = float((share * (1 - share)).sum())
    for members in grouping.attracted:
        a, b = _pairs_of(members)
        total += 2 * float((pairs.met(a, b) - pairs.expected(a, b)).sum()) / pairs.documents
    for members in grouping.exclusive:
        out = share[list(members)]
        total -= float(out.sum() ** 2 - (out**2).sum())
    return total


def blocks(grouping: Grouping, labels: Rows) -> tuple[Block, ...]:
    """The same as blocks of a spec, their strength that of the documents; what no table can hold is left out."""
    tables = _tables(grouping.attracted, labels)
    share = labels.counts() / len(labels)
    made = [_block(members, table, share) for members, table in zip(grouping.attracted, tables, strict=True)]
    found = [block for block in made if block is not None]
    found += [Block(kind="exclusive", labels=members, size=len(members)) for members in grouping.exclusive]
    return tuple(found)


def _tables(groups: tuple[Members, ...], labels: Rows) -> list[Ints]:
    """Documents with each label set of each block, [2^b]; the first label is the lowest bit."""
    block, bit = np.full(labels.width, -1), np.zeros(labels.width, np.int64)
    for number, members in enumerate(groups):
        block[list(members)] = number
        bit[list(members)] = 1 << np.arange(len(members))
    mine = np.flatnonzero(block[labels.indices] >= 0)
    column = labels.indices[mine]
    cells, place = np.unique(labels.row[mine] * max(len(groups), 1) + block[column], return_inverse=True)
    code = np.bincount(place, bit[column], len(cells)).astype(np.int64)
    seen = np.bincount((cells % max(len(groups), 1)) << WIDEST | code, minlength=len(groups) << WIDEST)
    tables = []
    for number, members in enumerate(groups):
        table = seen[number << WIDEST : (number << WIDEST) + 2 ** len(members)].copy()
        table[0] = len(labels) - table.sum()
        tables.append(table)
    return tables


def _block(members: Members, table: Ints, share: Floats) -> Block | None:
    if len(members) == 2 and table[2] == 0 and table[3] >= SURE:
        return Block(kind="implied", labels=members, size=2)
    weights: Floats = np.asarray(table + 0.5, np.float64)  # no odds ratio is 0 or infinite (Haldane 1956)
    for _ in range(TEMPERED):
        if _can_be(weights / weights.sum(), share[list(members)]):
            return _of_weights(members, weights)
        weights = np.asarray(np.sqrt(weights), np.float64)
    return None


def _of_weights(members: Members, weights: Floats) -> Block:
    if len(members) == 2:
        odds = weights[0] * weights[3] / (weights[1] * weights[2])
        return Block(kind="siblings", labels=members, size=2, odds=_short(odds))
    scaled = weights / weights[1:].max()  # raked to the counts, so that its scale says nothing
    return Block(kind="table", labels=members, size=len(members), table=tuple(_short(weight) for weight in scaled))


def _can_be(weights: Floats, share: Floats) -> bool:
    """Whether the table can be raked in whatever topic, one that avoids these labels or one that is full of them."""
    codes = np.arange(len(weights))[:, None]
    patterns = (codes >> np.arange(len(share)) & 1).astype(bool)
    family = Family("table", np.arange(len(share))[None], patterns, weights)
    fullest = max(FULLEST / share.sum(), 1.0)
    return rake(family, (share[:, None] * np.geomspace(FLOOR, fullest, 9))[None]) is not None


def _short(value: float) -> float:
    return float(f"{value:.4g}")
