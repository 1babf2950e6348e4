"""The words of documents: drawing them, spelling them, and reading them back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.errors import AblateError, near
from ablate.synthesis.documents import Drawn
from ablate.synthesis.words import numbers, words
from ablate.synthesis.world import World

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Tokens:
    """Words of documents that stand for something: ``row`` and ``word`` [T], rows ascending; ``plain`` [N] counts the
    others, whose number tells the exposure and whose choice tells nothing.
    """

    plain: Ints
    row: Ints
    word: Ints

    def __len__(self) -> int:
        return len(self.plain)

    def part(self, start: int, end: int) -> Tokens:
        """Documents ``start`` to ``end``."""
        low, high = np.searchsorted(self.row, [start, end])
        return Tokens(self.plain[start:end], self.row[low:high] - start, self.word[low:high])


class Choice:
    """Draws from many categorical laws at once by Walker's alias method (Vose 1991), in constant time each.

    ``group`` is ascending, ``weight`` is that of each category within its group.
    """

    def __init__(self, group: Ints, weight: Floats, groups: int) -> None:
        self._first = np.searchsorted(group, np.arange(groups))
        self._size = np.bincount(group, minlength=groups)
        self._kept, self._other = np.ones(len(group)), np.arange(len(group))
        for first, size in zip(self._first, self._size, strict=True):
            self._fill(
                int(first), weight[first : first + size] * (size / max(weight[first : first + size].sum(), 1e-300))
            )

    def _fill(self, first: int, scaled: Floats) -> None:
        share = scaled.tolist()
        low = [i for i, value in enumerate(share) if value < 1]
        high = [i for i, value in enumerate(share) if value >= 1]
        while low and high:
            small, large = low.pop(), high[-1]
            self._kept[first + small], self._other[first + small] = share[small], first + large
            share[large] -= 1 - share[small]
            if share[large] < 1:
                low.append(high.pop())

    def draw(self, group: Ints, rng: np.random.Generator) -> Ints:
        """One category for each entry of ``group``."""
        place = rng.random(len(group))
        place *= self._size[group]
        whole = place.astype(np.int64)
        place -= whole  # the fraction is as random as the number, and serves as the second draw
        whole += self._first[group]
        return np.where(place < self._kept[whole], whole, self._other[whole])


class Writer:
    """Writes the words of documents whose topics and labels are known.

    Words with a meaning arrive while plain words tick: document i has n_i ticks, log-normal, and between two ticks each
    word w arrives by a Poisson process of rate (spurious_w + sum of the strengths of its labels, or topic rate) per
    exposure. A document that would grow beyond ``longest`` ends at an earlier tick, the first at which it has less than
    a quarter of ``longest`` left. A rule that looks at the past alone leaves the likelihood of what is written as it
    is (the exposure being the ticks that are there), so nothing that is written is cut and the posterior stays exact.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        own = world.keywords
        label, place, rate = world.writes
        self._label_word, self._by_label = own.word[place], Choice(label, rate, world.spec.labels)
        self._spurious = Choice(np.zeros_like(own.word), own.spurious, 1)
        topics, pool = world.topic_rates.shape
        if pool:
            self._by_topic = Choice(np.repeat(np.arange(topics), pool), world.topic_rates.ravel(), topics)

    def draw(self, drawn: Drawn, rng: np.random.Generator) -> Tokens:
        """The words of documents; the order of words carries nothing and is left to :func:`spell`."""
        length = self.world.spec.length
        ticks = np.rint(length.plain * rng.lognormal(-(length.sd**2) / 2, length.sd, len(drawn)))
        plain = np.clip(ticks, length.fewest, length.most).astype(np.int64)
        row, word = self._arrivals(drawn, plain, rng)
        order = np.argsort(row, kind="stable")
        return self._ended(Tokens(plain, row[order], word[order]), rng)

    def _arrivals(self, drawn: Drawn, plain: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
        world, documents = self.world, np.arange(len(drawn))
        exposure = world.exposure(plain)
        spurious = np.repeat(documents, rng.poisson(exposure * world.keywords.spurious.sum()))
        rows = [spurious]
        found = [world.keywords.word[self._spurious.draw(np.zeros_like(spurious), rng)]]
        if len(world.pool):
            topical = np.repeat(documents, rng.poisson(exposure * world.spec.topics.words))
            place = self._by_topic.draw(drawn.topic[topical], rng) % len(world.pool)
            rows.append(topical)
            found.append(world.pool[place])
        pair, label = drawn.labels.row, drawn.labels.indices
        times = rng.poisson(exposure[pair] * world.evidence[label])
        rows.append(np.repeat(pair, times))
        found.append(self._label_word[self._by_label.draw(np.repeat(label, times).astype(np.int64), rng)])
        return np.concatenate(rows), np.concatenate(found)

    def _ended(self, tokens: Tokens, rng: np.random.Generator) -> Tokens:
        """Documents that would grow too long end at an earlier tick."""
        longest = self.world.spec.length.longest
        enough = longest - longest // 4
        full = tokens.plain + np.bincount(tokens.row, minlength=len(tokens)) > enough
        plain, kept = tokens.plain.copy(), np.ones(len(tokens.row), bool)
        for _ in range(100):
            if not full.any():
                return Tokens(plain, tokens.row[kept], tokens.word[kept])
            documents = np.flatnonzero(full)
            mine = np.flatnonzero(full[tokens.row])
            place = np.searchsorted(documents, tokens.row[mine])
            ticks = tokens.plain[documents]
            time = np.ceil(rng.random(len(mine)) * ticks[place]).astype(np.int64)  # the tick that ends the wait
            width = int(ticks.max()) + 1
            arrived = np.bincount(place * width + time, minlength=len(documents) * width).reshape(-1, width)
            heard = np.arange(width) + arrived.cumsum(1)  # words at each tick
            end = np.argmax(heard >= enough, axis=1)
            plain[documents], kept[mine] = end, time <= end[place]
            full[documents] = heard[np.arange(len(end)), end] > longest  # a quarter within one tick: see world.build
        raise AblateError(f"{self.world.spec.name}: a document outgrows {longest} words; raise length.longest")


def spell(world: World, tokens: Tokens, rng: np.random.Generator) -> Any:
    """The texts of documents as an Arrow array of strings: plain words drawn, all words shuffled."""
    import pyarrow as pa

    total = int(tokens.plain.sum())
    quiet = world.quantiles[rng.integers(1 << 16, size=total, dtype=np.uint16)]
    row = np.concatenate([np.repeat(np.arange(len(tokens)), tokens.plain), tokens.row])
    word = np.concatenate([quiet, tokens.word])
    # document, 30 random bits and word in one number: one sort shuffles all documents
    keys = row.astype(np.uint64) << np.uint64(44)
    keys |= rng.integers(1 << 30, size=len(row), dtype=np.uint64) << np.uint64(14)
    keys |= word.astype(np.uint64)
    keys.sort()
    ends = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(tokens)))])
    place = (keys & np.uint64((1 << 14) - 1)).astype(np.int32)
    place[ends[:-1][np.diff(ends) > 0]] += len(words())  # the first word of a text has no space before it
    spelled = _spellings().take(pa.array(place))
    _, starts, letters = spelled.buffers()
    offsets = np.frombuffer(starts, np.int32, len(place) + 1)[ends]
    return pa.StringArray.from_buffers(len(tokens), pa.py_buffer(offsets), letters)


@cache
def _spellings() -> Any:
    """All words after a space, then all words without it, as an Arrow array."""
    import pyarrow as pa

    return pa.array([*(f" {word}" for word in words()), *words()])


class Reader:
    """Reads texts back into tokens."""

    def __init__(self, world: World) -> None:
        self.world = world

    @cached_property
    def _plain(self) -> NDArray[np.bool_]:
        plain = np.zeros(len(words()), bool)
        plain[self.world.plain] = True
        return plain

    def read(self, texts: Sequence[str]) -> Tokens:
        """AblateError for a word that is not in the list."""
        known = numbers()
        split = [text.split() for text in texts]
        try:
            word = np.array([known[one] for text in split for one in text], np.int64)
        except KeyError as error:
            unknown = str(error.args[0])
            hint = near(unknown, words())
            raise AblateError(f"'{unknown}' is no word of this generator{hint}; give texts that it has made") from None
        row = np.repeat(np.arange(len(texts)), [len(text) for text in split])
        quiet = self._plain[word]
        return Tokens(np.bincount(row[quiet], minlength=len(texts)), row[~quiet], word[~quiet])
