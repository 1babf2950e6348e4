"""The gradient noise that the weights of a run ask for, from its record and the training counts alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.results.record import Body, Truth
from ablate.results.weights.noise import noise_cv
from ablate.results.weights.schemes import effective_number, logarithmic, power

Floats = NDArray[np.float64]
Settings = Mapping[str, float]

NEUTRAL = "ablate.factors:"
#: Factors that change what a batch holds, or what one positive is worth in it, in ways that counts do not tell.
MUST_BE_NEUTRAL = ("loss", "sampler", "mixer", "procedure")

OWN = "ablate.components.weighting:"
WEIGHTS: dict[str, Callable[[Floats, int, Settings], Floats]] = {
    f"{OWN}PowerWeight": lambda n, documents, given: power(given["power"])(n, documents),
    f"{OWN}InverseWeight": lambda n, documents, given: power(1.0)(n, documents),
    f"{OWN}ClippedWeight": lambda n, documents, given: np.clip(power(given["power"])(n, documents), 1, given["cap"]),
    f"{OWN}LogWeight": lambda n, documents, given: 1 + given["scale"] * (logarithmic(n, documents) - 1),
    f"{OWN}EffectiveNumber": lambda n, documents, given: effective_number(1 - given["rest"])(n, documents),
}
"""Weights of positives [L], from positives [L], documents and parameters, that depend on training counts alone."""


def predicted_noise(body: Body, truth: Truth) -> float | None:
    """Predicted variation of the batch loss (``noise_cv``); None where counts do not tell it.

    Counts tell it for cross-entropy with the weights of :data:`WEIGHTS` or none, on batches drawn evenly. Labels
    without a training positive are left out: they add no positive to any batch.
    """
    identity = body["identity"]
    strategy, batch = identity["strategy"], identity.get("batch_size")
    if not batch or any(not _neutral(strategy.get(factor)) for factor in MUST_BE_NEUTRAL):
        return None
    known = truth.counts_train > 0
    positives = truth.counts_train[known].astype(np.float64)
    weights = _weights(strategy.get("weighting"), body.get("parameters") or {}, positives, truth.documents_train)
    if weights is None or not known.any():
        return None
    return noise_cv(weights, positives / truth.documents_train, int(batch))


def _neutral(part: Any) -> bool:
    return part is None or (isinstance(part, Mapping) and str(part.get("class", NEUTRAL)).startswith(NEUTRAL))


def _weights(part: Any, parameters: Mapping[str, Any], positives: Floats, documents: int) -> Floats | None:
    if _neutral(part):
        return np.ones(len(positives))
    rule = WEIGHTS.get(part["class"])
    marked = {name.split(".", 1)[1]: v for name, v in parameters.items() if name.startswith("weighting.")}
    try:
        return None if rule is None else rule(positives, documents, {**marked, **part})
    except KeyError:  # a parameter that the record leaves at a default which it does not name
        return None
