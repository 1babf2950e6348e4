"""What is known of generated documents beside their labels: exact posteriors, and documents drawn given each label."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Oracle:
    """The truth of a generated data set.

    ``posterior(split)`` gives P(label | text) of the documents of ``validation``, ``test`` or ``tail``, dense float32
    [M, L] in the order of the data set's labels; ``learner(split)`` the same of somebody who knows the law of the texts
    but has to learn from the training documents which words stand for which label. ``drawn_for`` [tail documents] is
    the label that each tail document was drawn given, as a column number.
    """

    posterior: Callable[[str], NDArray[np.float32]]
    learner: Callable[[str], NDArray[np.float32]]
    drawn_for: NDArray[np.int64]


def logits(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    """Log-odds of posterior probabilities, float32 and finite."""
    p = np.clip(probabilities.astype(np.float64), 1e-30, 1 - 1e-7)
    return (np.log(p) - np.log1p(-p)).astype(np.float32)
