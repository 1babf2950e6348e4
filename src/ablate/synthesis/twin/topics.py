"""How strongly topics tie labels together: what blocks leave of co-occurrence."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ablate.synthesis.documents import drawn
from ablate.synthesis.spec import Spec, Topics
from ablate.synthesis.twin.pairs import Pairs, attraction
from ablate.synthesis.world import build

NUMBER = 20
WEAKEST, STRONGEST = 50.0, 0.1
STEPS = 7
DRAWN = 50_000
"""Documents, at most, whose labels are drawn to see what a concentration comes to."""


def matched(spec: Spec, wanted: float, among: NDArray[np.bool_]) -> Topics:
    """The topics of a spec with the concentration at which labels ``among`` [L] attract each other as ``wanted`` says.

    The stronger the topics (the lower the concentration), the more they do, so that it is bisected on labels drawn from
    the spec. One topic where blocks alone come as far.
    """
    if wanted <= _reached(spec, Topics(), among):
        return Topics()
    low, high = STRONGEST, WEAKEST
    for _ in range(STEPS):
        middle = math.sqrt(low * high)
        if _reached(spec, _topics(spec, middle), among) > wanted:
            low = middle
        else:
            high = middle
    return _topics(spec, float(f"{math.sqrt(low * high):.3g}"))


def _topics(spec: Spec, concentration: float) -> Topics:
    return spec.topics.model_copy(update={"number": NUMBER, "concentration": concentration})


def _reached(spec: Spec, topics: Topics, among: NDArray[np.bool_]) -> float:
    world = build(spec.model_copy(update={"topics": topics}))
    size = min(spec.documents.total, DRAWN)
    labels = drawn(world, size, np.random.default_rng(0)).labels
    return attraction(Pairs.of(labels), among)
