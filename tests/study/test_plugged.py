"""A plugin that breaks is named with the reason; the study goes on with the others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from small_study import Seen, bodies, options, plan, rows

from ablate.catalog import BASELINE
from ablate.plugins import registry
from ablate.study import plugged
from ablate.study.arms import choose
from ablate.study.conduct import prepare, study
from ablate.synthesis.generate import generate
from ablate.testing import ToyEncoder

GOOD = """
@dataclass(frozen=True)
class Halved(Loss):
    \"\"\"Half of binary cross-entropy.\"\"\"

    source = "nobody"

    def elementwise(self, logits, targets):
        return super().elementwise(logits, targets) / 2

"""
BAD = """
import torch

@dataclass(frozen=True)
class Faulty(Weighting):
    \"\"\"Breaks as its field says, at the start or in the middle.\"\"\"

    source = "nobody"
    how: str = ""

    def weights(self, targets, stats):
        if self.how == "shape":
            return torch.ones(len(targets))
        if self.how == "inf":
            return torch.full_like(targets, float("inf"))
        if self.how == "sum":
            return torch.full_like(targets, 1e5)
        if self.how == "raise":
            raise KeyError("no such table")
        if self.how == "exit":
            raise SystemExit
        if self.how == "late" and stats.progress > 0.5:
            raise RuntimeError("lost the thread\\nat last")
        if self.how == "file" and stats.progress > 0.5:
            open("/no/such/file")
        return torch.ones_like(targets)


@dataclass(frozen=True)
class Deep(Freezing):
    \"\"\"Fits an encoder of three layers alone.\"\"\"

    source = "nobody"

    def trainable(self, layer, progress):
        return layer.depth == 3 or layer.nothing


HOW = ("shape", "inf", "sum", "raise", "exit", "late", "file")
STRATEGIES = (
    Strategy("halved", loss=Halved()),
    *(Strategy(how, weighting=Faulty(how)) for how in HOW),
    Strategy("deep", freezing=Deep()),
)
"""
REASONS = {
    "shape": "weights: weights have the shape (8,); give [B, L] = (8, 5)",
    "inf": "weights: a weight is not finite; cap it, or guard a division by zero",
    "sum": "loss_scale: its expected loss at the start is",
    "raise": "weights: KeyError: 'no such table'",
    "exit": "weights: SystemExit",
}


@pytest.fixture
def several(plugin) -> str:
    return plugin(GOOD + BAD)


@pytest.fixture(scope="module")
def asked(tmp_path_factory) -> dict[str, Any]:
    """A plan on documents whose truth is not known, so that no ceiling has to be computed."""
    corpus = generate("quickstart", 400)
    lines = [
        {"text": text, "labels": [corpus.names[column] for column in row]}
        for text, row in zip(corpus.texts, corpus.labels.lists(), strict=True)
    ]
    data = tmp_path_factory.mktemp("data") / "mails.jsonl"
    data.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return {"data": str(data), "documents": None, "trials": 1, "seeds": 1}


def test_what_cannot_be_studied_is_named_with_the_reason_and_left_out(several: str, asked, tmp_path, cache: Path):
    seen = Seen()
    out = tmp_path / "out"
    names = ["halved", *REASONS]
    study(plan(out, cache, **asked, strategies=names, plugin=[several]), seen)
    for name, reason in REASONS.items():
        (told,) = [line for line in seen.said if line.startswith(f"{name} is left out: ")]
        assert reason in told
        assert told.endswith(f"(see all that fails with: python -m ablate check {several})")
    strategies = [row for row in rows(out).values() if row["kind"] == "strategy"]
    assert {row["strategy"] for row in strategies} == {"baseline", "as-asked", "halved"}
    assert all(row["runs"] == 1 for row in strategies)


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_what_raises_in_the_middle_is_a_failed_run_with_its_reason(
    several: str, asked, tmp_path, cache: Path, workers: int
):
    seen = Seen()
    out = tmp_path / "out"
    given = {**asked, "strategies": ["halved", "late", "file"], "plugin": [several], "trials": 2}
    study(plan(out, cache, **given, workers=workers), seen)
    reasons = {name: {b["reason"] for b in bodies(out) if b["arm"] == name} for name in ("late", "file")}
    assert {name: len(found) for name, found in reasons.items()} == {"late": 1, "file": 1}
    (late,), (file,) = reasons.values()
    assert late.startswith("RuntimeError: lost the thread (acme.py, line ")
    assert file.startswith("FileNotFoundError: ")
    found = rows(out)
    assert (found["halved"]["runs"], found["late"]["runs"], found["late"]["tuning"]["failed"]) == (1, 0, 2)
    assert found["late"]["notes"][-1] == f"every trial failed: {late}"
    assert late in (out / "leaderboard.md").read_text()
    assert any(line.startswith("late: every trial failed") and late in line for line in seen.said)


def test_an_error_that_is_not_of_a_plugins_making_still_ends_the_study(several: str, asked, tmp_path, cache: Path):
    class Full(Seen):
        def point(self, macro: float, micro: float) -> None:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        study(plan(tmp_path / "out", cache, **asked, strategies=["halved"], plugin=[several]), Full())


def test_a_built_in_strategy_that_raises_ends_the_study(asked, tmp_path, cache: Path, monkeypatch):
    def broken(*given):
        raise ValueError("a mistake of ours")

    monkeypatch.setattr("ablate.components.loss.Focal.elementwise", broken)
    with pytest.raises(ValueError, match="of ours"):
        study(plan(tmp_path / "out", cache, **asked), Seen())


def test_a_broken_part_is_left_out_of_every_combination_and_the_others_stay(several: str):
    chosen, notes = choose(registry([several]), None, ["halved", "inf"], "factorial", BASELINE, ToyEncoder(), {})
    assert [arm.name for arm in chosen] == ["baseline", "as-asked", "halved"]
    assert [note.partition(": ")[0] for note in notes] == ["inf is left out"]
    assert [arm.origin for arm in chosen] == ["", "", several]


def test_what_breaks_on_the_real_layers_alone_is_left_out_too(several: str, asked, tmp_path, cache: Path):
    seen = Seen()
    short = {**asked, "backbone": "tiny-bert", "max_length": 10, "batch_size": 4}
    ready = prepare(plan(tmp_path / "out", cache, strategies=["deep"], plugin=[several], **short), seen)
    assert [arm.name for arm in ready.arms] == ["baseline", "as-asked"]
    (told,) = [line for line in seen.said if line.startswith("deep is left out: ")]
    assert "AttributeError: 'Layer' object has no attribute 'nothing' (acme.py, line" in told


def test_a_capped_weight_of_a_million_is_studied(plugin, tmp_path, cache: Path):
    capped = 'STRATEGIES = (Strategy("capped", weighting=ClippedWeight(cap=1e6)),)'
    assert plugged.fault(registry([plugin(capped)]).get("capped"), "acme") == ""


def test_quiet_names_what_is_left_out(several: str, asked, tmp_path, cache: Path, capsys, monkeypatch):
    from ablate.cli import main

    given = {**asked, "strategies": ["halved", "inf"], "out": str(tmp_path / "out")}
    arguments = [*options(given), "--cache", str(cache), "--plugin", several, "--quiet"]
    monkeypatch.setattr("sys.argv", ["ablate", "study", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    said = capsys.readouterr()
    assert not end.value.code
    (line,) = said.err.splitlines()
    assert line.startswith("inf is left out: weights: a weight is not finite")
    assert "halved" in said.out
