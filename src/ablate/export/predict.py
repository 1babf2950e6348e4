"""``ablate predict``: an exported model on a file of documents."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from ablate.data.stream import stream
from ablate.errors import AblateError
from ablate.export.deployed import DeployedModel, load_model
from ablate.export.predictions import Write, json_lines, written
from ablate.train import device as devices

PAIRS = 2**21
"""Scores of a block: 8 MB, so that memory does not grow with the file."""

MOST = 1024
"""Documents of a block."""


def predict(model: Path, file: Path, out: Path | None, text: str, device: str | None) -> None:
    """Write the labels and scores of every document; without ``out``, as JSON Lines to the terminal.

    Who reads these lines may stop early, as ``head`` does: then it ends.

    Raises:
        AblateError: ``out`` is there already, no exported model, no such file or column, a cell without a text; then
            no file is written.
    """
    if out is not None and out.exists():  # it may be the documents themselves
        raise AblateError(f"'{out}' exists already; give another --out")
    deployed = load_model(model, devices.choose(device))
    if out is None:
        try:
            _apply(deployed, file, text, json_lines(sys.stdout, deployed.labels))
            sys.stdout.flush()
        except BrokenPipeError:
            _hush()
        return
    with written(out, deployed.labels) as write:
        documents, called = _apply(deployed, file, text, write)
    print(f"{documents:,} documents, {called / documents:.2f} labels per document, written to {out}")


def _apply(deployed: DeployedModel, file: Path, text: str, write: Write) -> tuple[int, int]:
    """Go through the documents; gives how many there are, and how many labels were called."""
    documents = total = 0
    for rows, texts in stream(file, text, max(1, min(MOST, PAIRS // len(deployed.labels)))):
        scores = deployed.scores(texts)
        raised = deployed.called(scores)
        called: Sequence[Sequence[str]] = [[deployed.labels[i] for i in row.nonzero()[0]] for row in raised]
        write(rows, called, scores)
        documents, total = documents + len(rows), total + sum(1 for _ in chain.from_iterable(called))
    return documents, total


def _hush() -> None:
    """What is still in the buffer goes nowhere, so that the interpreter can flush it when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
