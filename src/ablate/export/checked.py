"""The written model beside its run: the same scores in fp32; where the run computed in bf16, a rule of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ablate.errors import AblateError
from ablate.export.deployed import DeployedModel
from ablate.export.restored import Restored
from ablate.export.rule import cuts
from ablate.metrics.counts import Counts
from ablate.metrics.cuts import Scores, blocks
from ablate.metrics.measure import figures_of, finite, validate
from ablate.train.evaluate import room, score

CHECKED = 256
"""Test documents on which the scores are compared."""

ALIKE = 1e-5
"""Most that a score may differ where both were computed in fp32, as a share of it where it is above 1."""

TOGETHER = 4096
"""Documents that are tokenised at once."""


@dataclass(frozen=True, eq=False)
class InFp32:
    """What a model computes in fp32 whose run computed in a lower precision.

    ``cuts``, float32 [L], were chosen on validation from the model's own scores; ``figures`` is what they reach on
    test. Of the pairs there, the run as deployed calls ``alarms``, and ``differing`` are called by the run or by the
    model alone.
    """

    cuts: Scores
    figures: dict[str, Any]
    alarms: int
    differing: int


def furthest(model: DeployedModel, restored: Restored) -> tuple[float, int]:
    """How far the scores of the model are from the run's, and on how many test documents.

    Raises:
        AblateError: further than rounding explains, where the run computed in fp32.
    """
    rows = restored.setting.prepared.rows["test"][:CHECKED]
    theirs = score(restored.model, restored.setting.inputs, rows, restored.loss, restored.setting)
    apart = np.abs(_scores(model, restored, "test", CHECKED) - theirs)
    most = float(apart.max(initial=0.0))
    if restored.setting.precision == "fp32" and not bool((apart <= ALIKE * np.maximum(1.0, np.abs(theirs))).all()):
        raise AblateError(
            f"the exported model's scores differ from the run's by {most:.2g}; nothing was written: give --device cpu"
        )
    return most, len(rows)


def in_fp32(model: DeployedModel, restored: Restored) -> InFp32:
    """Choose the rule of a model on validation as its run did, and compare both on test.

    Raises:
        AblateError: a score of the model is not finite.
    """
    setting = restored.setting
    labels, rows = setting.prepared.labels, setting.prepared.rows["test"]
    prior = np.asarray(setting.prepared.stats().prior.double().numpy())
    held = _scores(model, restored, "validation")
    own = cuts(validate(held, labels["validation"], prior, setting.alarms_per_document), prior)
    del held
    mine = _scores(model, restored, "test")
    theirs = score(restored.model, setting.inputs, rows, restored.loss, setting)
    alarms, differing = _apart(mine, own, theirs, cuts(restored.figures["validation"], prior))
    counts = Counts.of_rule(mine, labels["test"], lambda z: np.asarray(z >= own))
    return InFp32(own, figures_of(counts), alarms, differing)


def _scores(model: DeployedModel, restored: Restored, split: str, most: int | None = None) -> Scores:
    """Scores of a split, or of its first documents, by the model as it was loaded: [M, L]."""
    prepared = restored.setting.prepared
    rows = prepared.rows[split][:most]
    out = room(len(rows), len(model.labels))
    for start in range(0, len(rows), TOGETHER):
        part = rows[start : start + TOGETHER]
        out[start : start + len(part)] = model.scores([prepared.dataset.texts[row] for row in part])
    if not finite(out):
        raise AblateError(f"a score of the exported model on {split} was not finite; export another --seed")
    return out


def _apart(mine: Scores, own: Scores, theirs: Scores, run: Scores) -> tuple[int, int]:
    """How many pairs the run calls, and how many only one of both does."""
    alarms = differing = 0
    for start, block in blocks(mine):
        called = theirs[start : start + len(block)] >= run
        alarms += int(np.count_nonzero(called))
        differing += int(np.count_nonzero(called != (block >= own)))
    return alarms, differing


def told(found: InFp32, precision: str, record: Mapping[str, Any]) -> str:
    """The comparison in a line; ``record`` holds the figures as deployed of the recorded run."""
    here, there = found.figures, record

    def beside(name: str) -> str:
        values = ("undefined" if one[name] is None else f"{one[name]:.3f}" for one in (here, there))
        return f"{name.replace('_', ' ')} {' / '.join(values)}"

    return (
        f"the cuts are those of the model in fp32, chosen on validation from its own scores; as deployed on test, "
        f"{found.differing:,} alarms are raised by it or by the {precision} run alone ({found.alarms:,} by the run); "
        f"model / record: {beside('macro_recall')}, {beside('micro_recall')}, {beside('alarms_per_document')}"
    )
