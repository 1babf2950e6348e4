"""Logits or probabilities: told apart, and turned into logits for ranking."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from ablate.data.tables import Part, shorten
from ablate.errors import AblateError
from ablate.results.scores.blocks import Block

SCALES = ("logits", "probabilities")
LARGEST = 1e30
ENDS = 10.0  # logit of 1 where no probability lies strictly between 0 and 1


class OutsideError(Exception):
    """A score below 0 or above 1, so that scores are no probabilities."""


def logits_of(block: Block, probabilities: bool) -> NDArray[np.float32]:
    """Logits, float32 [rows, L]; 0 and 1 become infinite until :func:`close_ends`.

    Raises:
        OutsideError: ``probabilities`` and a value outside 0 to 1.
    """
    if not probabilities:
        return block.astype(np.float32)
    if block.min() < 0 or block.max() > 1:
        raise OutsideError
    with np.errstate(divide="ignore"):
        logits: NDArray[np.float32] = (np.log(block) - np.log1p(-block)).astype(np.float32)
    return logits


def close_ends(parts: Sequence[NDArray[np.float32]]) -> None:
    """Put probabilities of 0 and 1 half as far from their end as the nearest other one, in place.

    A rounded or saturated probability is one below the smallest that could be told: half of it is log 2 less in
    logits.
    """
    finite = [part[np.isfinite(part)] for part in parts]
    low = min((float(part.min()) for part in finite if part.size), default=-ENDS) - np.log(2)
    high = max((float(part.max()) for part in finite if part.size), default=ENDS) + np.log(2)
    for part in parts:
        part[np.isneginf(part)] = low
        part[np.isposinf(part)] = high


def probability(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logistic function."""
    return np.asarray(expit(logit))


def refuse_bad(block: Block, part: Part, start: int, names: Sequence[str], rows: NDArray[np.int64]) -> None:
    """Raise :class:`AblateError` at the first score among the ``rows`` of a block that is not an ordinary number."""
    bad = ~(np.abs(block[rows]) <= LARGEST)
    if not bad.any():
        return
    row, column = (int(v[0]) for v in np.nonzero(bad))
    value = float(block[rows[row], column])
    what = "missing (NaN)" if np.isnan(value) else f"{value:g}"
    place = part.place(start + int(rows[row]))
    raise AblateError(
        f"{place}, label {shorten(names[column])}: the score is {what}; give a finite number of ordinary size"
    )
