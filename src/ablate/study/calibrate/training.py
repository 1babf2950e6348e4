"""One training of the baseline on a synthetic spec, and its recall at its own cut of 0.5."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ablate.catalog import AS_ASKED, BASELINE
from ablate.components.backbone import Bag
from ablate.data import generated
from ablate.data.dataset import SPLITS, TAIL
from ablate.data.labels import Labels
from ablate.errors import AblateError
from ablate.metrics.counts import Counts
from ablate.study.settings import Settings
from ablate.synthesis.generate import Generated, generate
from ablate.synthesis.posterior import Eta
from ablate.synthesis.spec import Spec
from ablate.train.evaluate import score
from ablate.train.loop import Loop, first_not_finite
from ablate.train.setting import Setting

BATCH, WIDTH = 256, 256
BACKBONE = Bag(width=WIDTH)
STRATEGIES = {strategy.name: strategy.replace(backbone=BACKBONE) for strategy in (BASELINE, AS_ASKED)}


@dataclass(frozen=True)
class Job:
    """A training: of ``baseline`` or ``as-asked``."""

    spec: Spec
    strategy: str
    seed: int
    steps: int


@dataclass(frozen=True)
class Native:
    """Recall where a model calls at its own 0.5: micro on test documents, macro on documents drawn for each label.

    ``macro_iid`` is macro recall on the test documents, over the labels that have a positive there.
    """

    micro: float
    macro: float
    macro_iid: float
    alarms_per_document: float

    def told(self) -> dict[str, float]:
        """To four decimals."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


def train(job: Job) -> Native:
    """Generate, train, score. AblateError: a loss that is not finite, or a spec that cannot be."""
    torch.set_num_threads(1)
    corpus = _corpus(job.spec, job.steps)
    strategy, setting = STRATEGIES[job.strategy], corpus.settings.of(STRATEGIES[job.strategy])
    loop = Loop(strategy, setting, job.seed)
    loop.begin()
    loop.train(job.steps)
    broken = first_not_finite(loop.losses)
    if broken is not None:
        raise AblateError(f"{job.spec.name}: the loss of '{job.strategy}' was not finite at step {broken}")
    return corpus.native(loop, setting)


def oracle(spec: Spec) -> Native:
    """The same of the exact posterior."""
    made = generate(spec)
    return _native(made, _called(made.eta("test")), _called(made.eta("tail")), np.ones(spec.labels, bool))


def shape(spec: Spec, steps: int) -> dict[str, Any]:
    """Documents of each split, and how the baseline was trained."""
    corpus = _corpus(spec, steps)
    setting = corpus.settings.of(STRATEGIES["baseline"])
    return {
        "backbone": BACKBONE.model,
        "width": WIDTH,
        "steps": steps,
        "batch_size": BATCH,
        "rate": setting.rate,
        "max_length": setting.prepared.max_length,
        "precision": setting.precision,
        "documents": {split: len(setting.prepared.rows[split]) for split in SPLITS} | {"tail": corpus.drawn},
    }


class _Corpus:
    """A generated set with its tail documents behind the others, as the trainings see it."""

    def __init__(self, spec: Spec, steps: int) -> None:
        self.made = generate(spec)
        self.drawn = len(self.made.tail.texts)
        dataset, self._column = generated.dataset(spec.name, self.made), generated.columns(self.made)
        per_document = len(dataset.labels.indices) / len(dataset.labels)
        # the token store is mapped when it is prepared: its file may go at once, and no worker can leave it behind
        with tempfile.TemporaryDirectory(prefix="ablate-calibrate-") as cache:
            cpu, folder = torch.device("cpu"), Path(cache)
            self.settings = Settings(dataset, cpu, "fp32", steps, BATCH, None, per_document, folder)
            self.settings.prepared(BACKBONE)

    def native(self, loop: Loop, setting: Setting) -> Native:
        """Recall of a trained model."""
        dataset = setting.prepared.dataset
        test, tail = dataset.rows("test"), dataset.rows(TAIL)
        on_test, on_tail = (self._alarms(loop, setting, rows) for rows in (test, tail))
        trained = np.zeros(self.made.labels.width, bool)
        trained[self._column] = True
        return _native(self.made, on_test, on_tail, trained)

    def _alarms(self, loop: Loop, setting: Setting, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Flat (document, label) pairs above the cut, labels as the generator numbers them, ascending."""
        scores = score(loop.model, setting.inputs, rows, loop.level.loss, setting)
        row, column = np.nonzero(scores > loop.level.loss.native_cut)
        return np.sort(row * self.made.labels.width + self._column[column])


_held: dict[tuple[str, int], _Corpus] = {}


def _corpus(spec: Spec, steps: int) -> _Corpus:
    """The corpus of a spec, the last one being kept; it is let go of before the next is made: each may be gigabytes."""
    if (spec.key, steps) not in _held:
        _held.clear()
        _held[spec.key, steps] = _Corpus(spec, steps)
    return _held[spec.key, steps]


def _called(eta: Eta) -> NDArray[np.int64]:
    """Flat pairs with a probability above 0.5, ascending."""
    row = np.repeat(np.arange(len(eta), dtype=np.int64), np.diff(eta.indptr))
    return (row * eta.width + eta.indices)[eta.values > 0.5]


def _native(made: Generated, test: NDArray[np.int64], tail: NDArray[np.int64], counted: NDArray[np.bool_]) -> Native:
    """From the alarms on test and tail documents, as flat pairs; ``counted`` [L] are the labels that count."""
    rows = np.flatnonzero(made.split == SPLITS.index("test"))
    given = Labels(made.labels.indptr, made.labels.indices, made.labels.width).take(rows)
    iid = Counts.of_pairs(test, given).among(counted)
    own = made.tail.label[np.isin(made.tail.label, np.flatnonzero(counted))]  # as the data set has them
    found = np.isin(np.arange(len(own)) * made.labels.width + own, tail)
    recall = np.bincount(own[found], minlength=made.labels.width) / np.maximum(
        np.bincount(own, minlength=made.labels.width), 1
    )
    return Native(iid.micro_recall, float(recall[counted].mean()), iid.macro_recall, iid.alarms_per_document)
