"""Finished trainings of a calibration, so that one that was stopped goes on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from ablate.errors import AblateError
from ablate.results.whole import write_whole
from ablate.study.calibrate.training import BATCH, WIDTH, Job, Native


class Journal:
    """A JSON file: what determines a training, as a sha256, and its figures."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._found: dict[str, Native] = _read(path) if path.exists() else {}

    def get(self, job: Job) -> Native | None:
        """The figures of a training that is done."""
        return self._found.get(_key(job))

    def add(self, job: Job, native: Native) -> None:
        """Keep the figures of a training."""
        self._found[_key(job)] = native
        values = {key: asdict(one) for key, one in self._found.items()}
        write_whole(self.path, (json.dumps(values, indent=1) + "\n").encode())

    def forget(self) -> None:
        """Delete the file: its figures are in the card."""
        self.path.unlink(missing_ok=True)


def _key(job: Job) -> str:
    told = [job.spec.key, job.strategy, job.seed, job.steps, BATCH, WIDTH, "whole texts"]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _read(path: Path) -> dict[str, Native]:
    try:
        return {key: Native(**values) for key, values in json.loads(path.read_text("utf-8")).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise AblateError(f"{path}: not a journal of trainings ({error}); delete it to start over") from None
