"""Exact training counts: how many documents of each topic carry each label set, in all and in each chunk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ablate.synthesis.blocks import Family, conflict, determined, inverse
from ablate.synthesis.counts import split_sizes
from ablate.synthesis.world import Prior, World

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Allocation:
    """Whole numbers of documents: ``topics`` [Z], and for each family ``patterns`` [G, P, Z], which sum to ``topics``
    over P.
    """

    topics: Ints
    patterns: tuple[Ints, ...]

    @cached_property
    def prior(self) -> Prior:
        """The law of one of these documents, drawn blindly: its topic, and each block's label set given the topic.

        Blocks are shuffled independently within a topic, so for one document this law is exact; between documents it is
        that of drawing without replacement.
        """
        topics = self.topics / self.topics.sum()
        size = np.maximum(self.topics, 1)
        return Prior(topics, tuple(table / size for table in self.patterns))


def allocate(world: World) -> Allocation:
    """Topics and label sets of the training documents, so that every label has exactly its count.

    AblateError where the counts and the kind of a block exclude each other.
    """
    rng = np.random.default_rng(np.random.SeedSequence(world.spec.seed, spawn_key=(1,)))
    topics = _apportioned(world.prior.topics, split_sizes(world.spec)[0])
    patterns = tuple(
        _over_topics(_totals(world, family, table, topics), table, topics, rng)
        for family, table in zip(world.families, world.prior.tables, strict=True)
    )
    return Allocation(topics, patterns)


def independent(prior: Prior, topics: Ints, rng: np.random.Generator) -> Allocation:
    """Numbers of documents as independent draws give them: each label set multinomial within its topic."""
    return Allocation(topics, tuple(_multinomial(table, topics, rng) for table in prior.tables))


def chunks(whole: Allocation, sizes: list[int], rng: np.random.Generator) -> Iterator[Allocation]:
    """The allocation dealt out to chunks of documents at random; what the chunks hold sums to the whole."""
    topics, left = whole.topics.copy(), [table.copy() for table in whole.patterns]
    for size in sizes:
        taken = rng.multivariate_hypergeometric(topics, size)
        parts = tuple(_dealt(table, topics, taken, rng) for table in left)
        yield Allocation(taken, parts)
        topics -= taken
        left = [table - part for table, part in zip(left, parts, strict=True)]


def _apportioned(share: Floats, total: int) -> Ints:
    """Whole numbers that sum to ``total``, by largest remainder."""
    exact = share * total
    whole = np.floor(exact).astype(np.int64)
    whole[np.argsort(whole - exact, kind="stable")[: total - whole.sum()]] += 1
    return whole


def _totals(world: World, family: Family, table: Floats, topics: Ints) -> Ints:
    """Documents of each label set, [G, P]: nearest to what is expected among those with the exact counts."""
    expected = table @ topics  # [G, P]
    wanted = world.counts[family.members]  # [G, b]
    if family.members.shape[1] == 1:
        return np.stack([topics.sum() - wanted[:, 0], wanted[:, 0]], axis=1)
    if determined(family):
        every = np.concatenate([np.full((len(wanted), 1), topics.sum()), wanted], axis=1)
        exact = np.rint(every @ inverse(family.patterns).T).astype(np.int64)
        for members, total in zip(family.members, exact, strict=True):
            if total.min() < 0:
                raise conflict(world.spec, family, members, world.counts)
        return np.asarray(exact)
    found = [_nearest(family, row, counts, topics.sum()) for row, counts in zip(expected, wanted, strict=True)]
    for members, total in zip(family.members, found, strict=True):
        if total is None:
            raise conflict(world.spec, family, members, world.counts)
    return np.array(found)


def _nearest(family: Family, expected: Floats, counts: Ints, total: int) -> Ints | None:
    """Whole numbers [P] of sum ``total`` with the label counts [b] and the least sum of absolute deviations."""
    from scipy.optimize import Bounds, LinearConstraint, milp  # slow to import, and done once

    size = len(expected)
    low = np.floor(expected)
    # value = low + up - down; deviations cost up and down, and the fraction makes rounding up cheap where it is near
    fraction = expected - low
    cost = np.concatenate([1 - 2 * fraction, np.full(size, 1.0), 1 + 2 * fraction])
    system = np.concatenate([np.ones((1, size)), family.patterns.T])
    known = np.concatenate([[total], counts]) - system @ low
    bounds = Bounds(np.zeros(3 * size), np.concatenate([np.ones(size), np.full(size, np.inf), low]))
    rows = np.concatenate([system, system, -system], axis=1)
    solved = milp(
        cost, integrality=np.ones(3 * size, np.int64), bounds=bounds, constraints=LinearConstraint(rows, known, known)
    )
    if solved.x is None:
        return None
    up, more, down = np.rint(solved.x).reshape(3, size)
    return np.asarray(low + up + more - down, np.int64)


def _over_topics(totals: Ints, table: Floats, topics: Ints, rng: np.random.Generator) -> Ints:
    """Documents of each label set in each topic, [G, P, Z], near the law and never more than a topic has."""
    free = np.broadcast_to(topics, (len(totals), len(topics))).copy()
    placed = np.zeros((*totals.shape, len(topics)), np.int64)
    for pattern in range(1, totals.shape[1]):
        left = totals[:, pattern].copy()
        while left.any():
            weight = (table[:, pattern] * topics + 1e-9) * (free > 0)
            drawn = np.minimum(rng.multinomial(left, weight / weight.sum(1, keepdims=True)), free)
            placed[:, pattern] += drawn
            free -= drawn
            left -= drawn.sum(1)
    placed[:, 0] = free
    return placed


def _multinomial(table: Floats, topics: Ints, rng: np.random.Generator) -> Ints:
    """Independent multinomial draws over patterns, [G, P, Z], one binomial at a time."""
    drawn = np.zeros(table.shape, np.int64)
    left = np.broadcast_to(topics, table[:, 0].shape).copy()
    rest = np.ones_like(table[:, 0])
    for pattern in range(1, table.shape[1]):
        share = np.divide(table[:, pattern], rest, out=np.zeros_like(rest), where=rest > 0)
        drawn[:, pattern] = rng.binomial(left, np.clip(share, 0, 1))
        left -= drawn[:, pattern]
        rest = rest - table[:, pattern]
    drawn[:, 0] = left
    return drawn


def _dealt(table: Ints, topics: Ints, taken: Ints, rng: np.random.Generator) -> Ints:
    """A hand of ``taken`` [Z] documents out of ``table`` [G, P, Z], without replacement, one pattern at a time."""
    drawn = np.zeros_like(table)
    left = np.broadcast_to(taken, table[:, 0].shape).copy()
    others = np.broadcast_to(topics, left.shape).copy()
    for pattern in range(1, table.shape[1]):
        good = table[:, pattern]
        others -= good
        drawn[:, pattern] = rng.hypergeometric(good, others, left)
        left -= drawn[:, pattern]
    drawn[:, 0] = left
    return drawn
