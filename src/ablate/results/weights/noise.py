"""What can be said of weights before any training: gradient noise, effective sample, alarms.

N training documents, label c on n_c of them, prior pi_c = n_c / N; w_c is the weight of a positive.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Floats = NDArray[np.float64]

BATCHES = (32, 256, 2048)


def noise_cv(weights: Floats, prior: Floats, batch: int) -> float:
    """Deviation of the positives' share of the batch loss, relative to its mean.

    sqrt(sum w^2 pi) / (sqrt(B) sum w pi): the number of positives of a label in a batch is about Poisson with mean
    B pi, each worth w. A floor: the loss also varies as the model errs more on one document than on another, and it
    falls. In the studies of ``results/`` it varied 0.8 to 16 times as much, about 3 times on frozen vectors.
    """
    return float(np.sqrt((weights**2 * prior).sum()) / (np.sqrt(batch) * (weights * prior).sum()))


def effective_sample(weights: Floats, positives: Floats) -> float:
    """Positives that would teach as much if all weighed the same: (sum w n)^2 / sum w^2 n (Kish, 1965)."""
    return float((weights * positives).sum() ** 2 / (weights**2 * positives).sum())


def batch_as_quiet(weights: Floats, prior: Floats, batch: int) -> float:
    """The batch size at which these weights are as quiet as no weights are at ``batch``."""
    return batch * (noise_cv(weights, prior, 1) / noise_cv(np.ones(len(prior)), prior, 1)) ** 2


def steps_between(positives: int, documents: int, batch: int) -> float:
    """Steps from one batch with a positive of a label to the next, on average; at least 1."""
    return max(1.0, documents / (positives * batch))


def alarms_at_half(odds: Floats, prior: Floats, found: float) -> float:
    """Alarms per document at 0.5 of a model trained to its optimum with positives ``odds`` times as heavy.

    With weight w the optimum crosses 0.5 where P(label | document) = 1 / (1 + w). How often that is depends on how
    well labels can be told, which counts do not say. The model here: evidence for a label is normal with variance 1,
    and its mean is d higher on documents with the label, d such that a label cut at equal error rates finds the share
    ``found`` of its cases. The cut then lies at d / 2 + log((1 - pi) / (pi w)) / d. With inverse weights it lies at
    d / 2 for every label, so the alarms are found x pi + (1 - found) x (1 - pi), summed over labels: that holds for
    any model that is as often right on documents with a label as on those without. ``found`` is above 1/2, below 1.
    """
    prior = np.minimum(prior, 1 - 1e-12)  # a label on every document
    d = 2 * float(ndtri(found))
    cut = d / 2 + np.log((1 - prior) / (prior * odds)) / d
    return float((prior * ndtr(d - cut) + (1 - prior) * ndtr(-cut)).sum())


def largest_quiet_cap(inverse: Floats, prior: Floats, times: float) -> float:
    """The highest cap, up to a factor 1.01, that keeps capped inverse weights within ``times`` the unweighted noise."""
    bound = times * noise_cv(np.ones(len(prior)), prior, 1)
    caps = np.geomspace(1.0, max(1.0, float(inverse.max())), 1 + int(np.ceil(np.log(max(inverse.max(), 1.01)) / 0.01)))
    quiet = [cap for cap in caps if noise_cv(np.clip(inverse, 1.0, cap), prior, 1) <= bound]
    return float(max(quiet))
