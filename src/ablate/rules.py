"""What a decision leaves behind: a rule that turns scores into alarms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Rule(Protocol):
    """A fitted decision: from scores [M, L] to alarms, bool [M, L]."""

    def __call__(self, scores: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Whether each label is raised for each document."""
        ...


@dataclass(frozen=True)
class CutRule:
    """Raise a label where its score reaches the label's cut. ``cuts``: [L]."""

    cuts: NDArray[np.float64]

    def __call__(self, scores: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Whether each label is raised for each document, bool [M, L]."""
        return np.asarray(scores >= self.cuts)


@dataclass(frozen=True)
class TopRule:
    """Raise the ``labels`` highest-scoring labels of each document."""

    labels: int

    def __call__(self, scores: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Whether each label is raised for each document, bool [M, L]; of equal scores the earlier labels."""
        highest = np.argsort(-scores, axis=1, kind="stable")[:, : self.labels]
        raised = np.zeros(scores.shape, bool)
        np.put_along_axis(raised, highest, True, axis=1)
        return raised
