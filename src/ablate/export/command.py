"""``ablate export``: a trained run of a study as a model folder."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from ablate.errors import AblateError
from ablate.export import checked, folders
from ablate.export.card import card
from ablate.export.chosen import Chosen, choose
from ablate.export.deployed import load_model
from ablate.export.of_run import classifier
from ablate.export.restored import Restored, agreement, restore
from ablate.export.rule import cuts
from ablate.results.folder import read
from ablate.results.record import Body
from ablate.study.plan import make
from ablate.study.ready import prepare
from ablate.study.view import View


@dataclass(frozen=True)
class Order:
    """What is exported where; None of an option: as the study's plan says."""

    folder: Path
    out: Path
    strategy: str | None = None
    seed: int | None = None
    data: str | None = None
    backbone: str | None = None
    plugin: tuple[str, ...] = ()
    device: str | None = None
    cache: str | None = None


def export(order: Order, say: Callable[[str], None] = print) -> None:
    """Write a model folder, whole or not at all; ``say`` is told what was chosen and how it compares.

    Raises:
        AblateError: the folder holds no study, nothing of it can be exported, or the output folder is there already.
    """
    if order.out.exists():
        raise AblateError(f"'{order.out}' exists already; give another --out")
    found = read(order.folder)

    def weights(body: Body) -> Path:
        return order.folder / "weights" / f"{body['key']}.safetensors"

    chosen = choose(found, order.strategy, order.seed, lambda body: weights(body).is_file())
    body = chosen.body
    ready = prepare(_plan(order), View())  # before anything is said: the data may be missing
    say(f"strategy: {body['arm']}, seed {body['identity']['seed']} ({chosen.why})")
    if body["identity"]["precision"] == "fp32":  # which every processor computes, whatever it would choose
        ready.settings.precision = "fp32"
    restored = restore(body, ready, weights(body), say)
    agrees, compared = agreement(restored.figures, body)
    say(compared if agrees else f"warning: {compared}")
    kept = weights(body).is_file()
    origin = f"Its weights were {'kept by the study' if kept else 'trained again from its record'}; {compared}."
    told = _told(chosen, restored, str(found.plan.get("name", "")), origin)
    _write(order.out, told, chosen, restored, found.board, say)


def _plan(order: Order) -> Any:
    values: dict[str, Any] = {"out": str(order.folder), "quiet": True}
    for key in ("data", "backbone", "device", "cache"):
        if getattr(order, key) is not None:
            values[key] = getattr(order, key)
    if order.plugin:
        values["plugin"] = list(order.plugin)
    return make(values, "the command line")


def _told(chosen: Chosen, restored: Restored, study: str, origin: str) -> dict[str, Any]:
    body, prepared = chosen.body, restored.setting.prepared
    prior = np.asarray(prepared.stats().prior.double().numpy())
    return {
        "ablate": version("ablate"),
        "study": study,
        "strategy": body["arm"],
        "seed": body["identity"]["seed"],
        "why": chosen.why,
        "origin": origin,
        "record": body["key"],
        "backbone": body["identity"]["backbone"]["name"],
        "parameters": body["parameters"],
        "data": body["dataset"],
        "max_length": prepared.max_length,
        "rule": {"name": "as deployed", "cuts": cuts(restored.figures["validation"], prior).tolist()},
    }


def _write(
    out: Path,
    told: dict[str, Any],
    chosen: Chosen,
    restored: Restored,
    board: dict[str, Any],
    say: Callable[[str], None],
) -> None:
    made = classifier(restored.model, restored.strategy, restored.setting, restored.loss)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as workshop:
        folder = Path(workshop) / "model"
        folder.mkdir()
        why = folders.write(made, restored.setting.prepared.dataset.names, told, folder)
        own = _compare(folder, chosen, restored, say)
        whole = {**told, "scores": made.scores, "no_class": why, "in_fp32": own}
        (folder / "README.md").write_text(card(whole, chosen.row, board, restored.figures["test"]), "utf-8")
        os.rename(folder, out)
    say(f"transformers cannot load it: {why}" if why else "transformers loads it: pipeline('text-classification')")
    say(f"written to {out}")


def _compare(folder: Path, chosen: Chosen, restored: Restored, say: Callable[[str], None]) -> str:
    """Compare the written folder with the run; where the run computed in bf16, write the model's own rule and tell."""
    setting = restored.setting
    model = load_model(folder, setting.device)
    most, documents = checked.furthest(model, restored)
    fp32 = setting.precision == "fp32"
    rounded = "" if fp32 else f" (the run computed in {setting.precision}, the model in fp32)"
    say(f"checked: its scores of {documents} test documents differ from the run's by at most {most:.1g}{rounded}")
    if fp32:
        return ""
    found = checked.in_fp32(model, restored)
    folders.give_rule(folder, {"name": "as deployed", "cuts": found.cuts.tolist()})
    told = checked.told(found, setting.precision, chosen.body["test"]["as_deployed"])
    say(told)
    return told
