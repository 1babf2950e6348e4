"""What each weighting scheme makes of the training counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rule = Callable[[Floats, int], Floats]


@dataclass(frozen=True)
class Scheme:
    """A scheme by name: ``weights(n, N)`` are the weights of the positives, [L], from positives n [L] and N documents.

    ``both`` schemes weigh a label's negatives alike, so that the odds they ask for at 0.5 stay where they were.
    """

    name: str
    weights: Rule
    both: bool = False

    def odds(self, positives: Floats, documents: int) -> Floats:
        """How much heavier a positive weighs than a negative of the same label, [L]."""
        return np.ones(len(positives)) if self.both else self.weights(positives, documents)


def power(exponent: float) -> Rule:
    """(negatives / positives) ** exponent (King & Zeng, 2001); a label on every document keeps a weight above 0."""
    return lambda n, documents: np.maximum((documents - n) / n, 1 / documents) ** exponent


def capped(most: float) -> Rule:
    """Inverse weights between 1 and ``most``."""
    return lambda n, documents: np.clip(power(1.0)(n, documents), 1.0, most)


def logarithmic(n: Floats, documents: int) -> Floats:
    """1 + log(largest count / count): at most about 12 at a ratio of 100,000."""
    return np.asarray(1 + np.log(n.max() / n))


def effective_number(beta: float) -> Rule:
    """(1 - beta) / (1 - beta ** n), scaled to mean 1 over labels (Cui et al., 2019)."""

    def weights(n: Floats, documents: int) -> Floats:
        raw = (1 - beta) / -np.expm1(n * np.log(beta))
        return np.asarray(raw / raw.mean())

    return weights


SCHEMES = (
    Scheme("none", power(0.0)),
    Scheme("log", logarithmic),
    Scheme("square-root", power(0.5)),
    Scheme("inverse", power(1.0)),
    Scheme("inverse, at most 10", capped(10)),
    Scheme("inverse, at most 100", capped(100)),
    Scheme("inverse, at most 1,000", capped(1000)),
    Scheme("effective number .9", effective_number(0.9), both=True),
    Scheme("effective number .99", effective_number(0.99), both=True),
    Scheme("effective number .999", effective_number(0.999), both=True),
)
