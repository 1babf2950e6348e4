"""Their side: transformers' Trainer with dynamic padding, without evaluation, saving or logging."""

from __future__ import annotations

from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from datasets import Dataset as Table
from transformers import DataCollatorWithPadding, PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from ablate.train.prepared import Prepared
from benchmarks.ratios.case import Case
from benchmarks.ratios.clock import now


@dataclass(frozen=True, eq=False)
class Rows:
    """Training documents as the Trainer's documentation has them: token numbers, and a 0/1 float per label."""

    case: Case
    table: Table
    labels: int
    padder: Any

    @classmethod
    def of(cls, case: Case, prepared: Prepared) -> Rows:
        """The training split of a prepared data set, in its order: the same tokens, the same labels."""
        labels = prepared.labels["train"]
        rows = prepared.rows["train"]
        ids, lengths = prepared.tokens.take(
            rows, prepared.max_length, prepared.tokenizer.prefix, prepared.tokenizer.suffix
        )
        documents = np.split(ids, np.cumsum(lengths)[:-1])
        table = Table.from_dict(
            {
                "input_ids": [one.tolist() for one in documents],
                "attention_mask": [[1] * len(one) for one in documents],
                "labels": labels.dense().tolist(),
            }
        )
        return cls(case, table, labels.width, case.padder())


@dataclass(frozen=True)
class Way:
    """How the Trainer is asked to train. ``frozen`` counts the bottom layers that are not trained (the embeddings go
    with them; None: everything is trained; all layers: the head alone is).
    """

    bf16: bool = False
    sampling: str = "random"
    frozen: int | None = None
    rate: float = 5e-5


def step_seconds(rows: Rows, way: Way, steps: int, batch: int) -> float:
    """Seconds of so many optimiser steps, from the first batch's assembly to the end of the last step."""
    model = rows.case.classifier(rows.labels)
    freeze(model, way.frozen)
    watch = Watch(rows.case.device)
    with TemporaryDirectory() as folder:
        trainer = Trainer(
            model=model,
            args=_arguments(rows.case, way, steps, batch, folder),
            train_dataset=rows.table,
            data_collator=DataCollatorWithPadding(rows.padder),
            callbacks=[watch],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    if trainer.state.global_step != steps:
        raise RuntimeError(f"Trainer made {trainer.state.global_step} steps, not {steps}")
    return watch.ended - watch.started


def freeze(model: Any, layers: int | None) -> None:
    """Freeze the embeddings and the bottom layers; all of them: the pooler too, so that the head alone is trained."""
    if layers is None:
        return
    body = model.base_model
    parts = [body.embeddings, *body.encoder.layer[:layers]]
    if layers == len(body.encoder.layer):
        parts = [body]
    for part in parts:
        part.requires_grad_(False)


class Watch(TrainerCallback):
    """Notes when the first step began and when the last one ended."""

    def __init__(self, device: torch.device) -> None:
        self._device, self.started, self.ended = device, float("nan"), float("nan")

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """The first epoch starts."""
        if state.global_step == 0:
            self.started = now(self._device)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """A step is done; the last one counts. The device is waited for then alone."""
        if state.global_step == state.max_steps:
            self.ended = now(self._device)


def _arguments(case: Case, way: Way, steps: int, batch: int, folder: str) -> TrainingArguments:
    return TrainingArguments(
        output_dir=folder,
        max_steps=steps,
        per_device_train_batch_size=batch,
        learning_rate=way.rate,
        bf16=way.bf16,
        train_sampling_strategy=way.sampling,
        use_cpu=case.device.type == "cpu",
        eval_strategy="no",
        save_strategy="no",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )
