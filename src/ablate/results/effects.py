"""What the parts of a design do: alone, given the others, on average, and together beyond the sum.

Write y(S) for the recall at budget of the arm that combines the parts S, each arm with its own selected
configuration. An effect is a contrast of arms, a weighted sum of y whose weights add up to zero, taken by seed and
under the same draws of test documents, so that what seeds and documents have in common cancels. Its interval is that
of every other difference on the board (:func:`ablate.results.statistics.interval`).

``alone``
    y({i}) - y({}): the part on the base.
``given the others``
    y(all) - y(all without i): what the part still adds to all others (leave-one-out).
``difference``
    the second minus the first: what the others take from the part (negative) or lend to it.
``main``
    The mean of y(S + i) - y(S) over all S without i for which the design has both arms. In a full factorial these
    are all subsets of the other parts, and this is the main effect of a two-level factorial design; in a pairwise
    design they are the empty set and each other part by itself.
``interaction``
    The mean of y(S + i + j) - y(S + i) - y(S + j) + y(S) over all S with neither for which the design has all four
    arms: how much the effect of i changes once j is there. In a pairwise design S is empty. The contrast of a
    factorial design that is usually printed as AB is half of it, since it is scaled as an effect of one level.

Source: contrasts of 2^k factorial designs (Montgomery, Design and Analysis of Experiments, chapter 6).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from ablate.results.record import Body
from ablate.results.rows import between
from ablate.results.statistics import Sample, interval

Parts = frozenset[str]
Weights = Mapping[Parts, float]
Effects = dict[str, Any]
Recalls = tuple[Sample, Sample]
"""Macro and micro recall at budget of one arm."""


@dataclass(frozen=True)
class Contrast:
    """A question about parts, and the weight of each arm in its answer."""

    effect: str
    parts: tuple[str, ...]
    weights: Weights


def effects(design: str, parts: Sequence[str], arms: Mapping[Parts, Recalls]) -> Effects:
    """The effects of a design, as the ``effects`` of ``leaderboard.json``.

    ``arms`` gives macro and micro recall of the arms that have finished runs, by their parts. An effect one of whose
    arms is missing is None and names that arm: left out of a mean, it would make it another question.
    """
    return {
        "design": design,
        "parts": list(parts),
        "interval": "95 % each, not all at once",
        "rows": [_row(asked, parts, arms) for asked in contrasts(design, parts)],
    }


def designed(entries: Iterable[tuple[Body, Sample | None, Sample | None]]) -> dict[str, Effects]:
    """The effects under the board's key, from a record, macro and micro recall of each arm; empty without a design.

    What a record says of its arm's place in a design counts, not the arm's name.
    """
    names: dict[str, None] = {}
    among: dict[str, None] = {}
    arms: dict[Parts, Recalls] = {}
    for body, macro, micro in entries:
        place = body.get("design")
        if place is None:
            continue
        names |= {place["name"]: None}
        among |= dict.fromkeys(place["among"])
        if macro and micro:
            arms[frozenset(place["parts"])] = macro, micro
    found = [effects(name, tuple(among), arms) for name in names]
    return next(({"effects": one} for one in found if one["rows"]), {})


def contrasts(design: str, parts: Sequence[str]) -> Iterator[Contrast]:
    """The effects that a design answers, in the order of the parts; none for a design of single parts."""
    everything = frozenset(parts)
    for part in parts if design == "leave-one-out" else ():
        one = frozenset([part])
        alone, given = _difference(one, frozenset()), _difference(everything, everything - one)
        yield Contrast("alone", (part,), alone)
        yield Contrast("given the others", (part,), given)
        if len(parts) > 1:
            yield Contrast("difference", (part,), _sum([(1.0, given), (-1.0, alone)]))
    if design in ("pairwise", "factorial"):
        most = len(parts) if design == "factorial" else min(2, len(parts))
        for part in parts:
            yield Contrast("main", (part,), _mean(_added([part], parts, most)))
        for pair in combinations(parts, 2):
            yield Contrast("interaction", pair, _mean(_added(pair, parts, most)))


def contrast(weights: Weights, arms: Mapping[Parts, Sample]) -> Sample | None:
    """The weighted sum of arms by seed, under the same documents; None where they share no seed.

    Raises KeyError where an arm is missing.
    """
    chosen = [(weight, arms[subset]) for subset, weight in weights.items()]
    shared = [seed for seed in chosen[0][1].seeds if all(seed in sample.seeds for _, sample in chosen)]
    if not shared:
        return None
    seeds = tuple(shared)
    found = [(weight, sample.at(seeds)) for weight, sample in chosen]
    return Sample(
        seeds,
        np.sum([weight * sample.values for weight, sample in found], axis=0),
        np.sum([weight * sample.draws for weight, sample in found], axis=0),
    )


def _difference(more: Parts, less: Parts) -> Weights:
    return {more: 1.0, less: -1.0}


def _sum(terms: Sequence[tuple[float, Weights]]) -> Weights:
    total: dict[Parts, float] = {}
    for factor, weights in terms:
        for subset, weight in weights.items():
            total[subset] = total.get(subset, 0.0) + factor * weight
    return total


def _mean(terms: Sequence[Weights]) -> Weights:
    return _sum([(1 / len(terms), weights) for weights in terms])


def _added(added: Sequence[str], parts: Sequence[str], most: int) -> list[Weights]:
    """The signed sum over subsets of ``added`` on each background that leaves all arms within ``most`` parts."""
    others = [part for part in parts if part not in added]
    backgrounds = [b for size in range(most - len(added) + 1) for b in combinations(others, size)]
    return [_signed(added, background) for background in backgrounds]


def _signed(added: Sequence[str], background: Sequence[str]) -> Weights:
    sizes = range(len(added) + 1)
    subsets = [subset for size in sizes for subset in combinations(added, size)]
    return {frozenset([*background, *subset]): (-1.0) ** (len(added) - len(subset)) for subset in subsets}


def _row(asked: Contrast, parts: Sequence[str], arms: Mapping[Parts, Recalls]) -> dict[str, Any]:
    row: dict[str, Any] = {"effect": asked.effect, "parts": list(asked.parts), "macro": None, "micro": None, "seeds": 0}
    missing = [subset for subset in asked.weights if subset not in arms]
    row["missing"] = ["+".join(part for part in parts if part in subset) or "baseline" for subset in missing]
    for place, name in enumerate(("macro", "micro")):
        one = {subset: arms[subset][place] for subset in asked.weights if subset in arms}
        found = None if missing else contrast(asked.weights, one)
        if found is not None:
            row[name] = between(interval(found))
            row["seeds"] = len(found.seeds)
    return row
