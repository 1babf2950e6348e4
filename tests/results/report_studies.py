"""Folders of planted studies, as ``ablate study`` leaves them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from planted_studies import body, confirm, study, tuned

from ablate.results.folder import read
from ablate.results.record import Records
from ablate.results.report.material import Material

PLAN = {"name": "planted", "data": "mails.parquet", "strategies": ["baseline", "strong"], "trials": 4, "seeds": 4}
STEPS = [0, 10, 20, 30]


def curve(seed: int, peak: float = 0.4) -> dict[str, Any]:
    """Up to ``peak``, a fall by a tenth, and up again."""
    wobble = 0.002 * seed
    return {"steps": STEPS, "macro": [0.1, peak + wobble, peak - 0.1, 0.5], "loss": [None, 0.9, 0.5, 0.4 + wobble]}


def planted(folder: Path, plan: dict[str, Any] | None = None) -> Path:
    """Six rows: the baseline, one better, one like it, one that pays with micro recall, one that failed, a control."""
    store = Records(folder / "records")
    for arm, strength in {"baseline": 3.0, "strong": 4.5, "plain": 3.02}.items():
        for seed in range(4):
            confirm(store, arm, seed, strength, curve=curve(seed))
    study(store, {"prior-only": 0.0})
    for seed in range(4):
        confirm(store, "tilted", seed, 6.0, tilt=4.0, curve=curve(seed, 0.3))
    for seed in range(4):
        store.write(body("broken", "confirm", seed, status="failed", stability={}))
    for trial, balanced in enumerate((0.40, 0.52, 0.45, 0.55)):
        store.write(tuned("strong", trial, balanced, scale=1.0 if trial == 3 else 2.0 + trial))
    write_plan(folder, plan or PLAN)
    return folder


def write_plan(folder: Path, plan: dict[str, Any]) -> None:
    lines = [f"{key} = {json.dumps(value)}" for key, value in plan.items()]
    (folder / "study.toml").write_text("\n".join(lines) + "\n")


def material(folder: Path) -> Material:
    return Material(read(folder))


def random_curves(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(5)
    return [np.round(rng.random(rng.integers(2, 12)), 3) for _ in range(count)]
