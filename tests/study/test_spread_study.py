"""A study whose runs are spread over two processes: the same board as one process, and one line where it ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from small_study import bodies, plan, rows
from transformers import BertConfig, BertModel, BertTokenizerFast

from ablate.errors import AblateError
from ablate.study import planfile, spread
from ablate.study.conduct import study
from ablate.study.launched import launched
from ablate.study.plan import make
from several import ended, start

SMALLER = {"strategies": [], "trials": 1, "seeds": 1, "batch_size": 33}
FAILING = str(Path(__file__).with_name("failing_rank.py"))


def command(out: Path, cache: Path, **changes: Any) -> list[str]:
    """The arguments of Python for a study with this plan."""
    asked = plan(out, cache, **{**SMALLER, "workers": None, **changes})
    file = out.with_suffix(".toml")
    places = {"out", "cache", "plugin"}  # a file may name them beside itself alone
    planfile.write(
        file, asked.model_dump(mode="json", exclude_defaults=True, exclude_none=True, exclude=places), "A test's study."
    )
    plugins = [word for plugin in asked.plugin for word in ("--plugin", plugin)]
    return ["study", str(file), "--out", str(out), "--cache", str(cache), *plugins, "--quiet"]


def same_board(one: Path, other: Path) -> None:
    """The same rows from the same runs: losses to rounding, figures but for a pair or two in another order.

    A model after 25 steps scores many pairs nearly alike.
    """
    here, there = ({body["key"]: body for body in bodies(out)} for out in (one, other))
    assert list(here) == list(there)
    for key, body in here.items():
        assert body["curve"]["steps"] == there[key]["curve"]["steps"]
        assert near(body["curve"]["loss"], 1e-5) == there[key]["curve"]["loss"]
        assert near(body["curve"]["balanced"], 0.02) == there[key]["curve"]["balanced"]
        assert body.get("drawn_positives") == there[key].get("drawn_positives")
    for name, row in rows(one).items():
        for figure in ("macro_recall_at_budget", "micro_recall_at_budget"):
            assert near(row[figure], 0.02) == rows(other)[name][figure]
    assert set(rows(one)) == set(rows(other))


def near(value: Any, share: float) -> Any:
    """What equals a value to this share of it."""
    if isinstance(value, dict):
        return {key: near(one, share) for key, one in value.items()}
    if isinstance(value, list):
        return [near(one, share) for one in value]
    return pytest.approx(value, rel=share, abs=share) if isinstance(value, float) else value


@pytest.mark.slow
def test_a_bag_under_torchrun_gives_the_board_of_one_process(tmp_path: Path, cache: Path):
    one, two = tmp_path / "small", tmp_path / "two" / "small"
    study(plan(one, cache, **SMALLER))
    run = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "ablate", *command(two, cache)]
    done = subprocess.run([sys.executable, *run], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    same_board(one, two)
    assert done.stdout.count("strategy  ") == 1  # one board
    for body in bodies(two):
        assert body["environment"].get("processes") == (2 if body["kind"] == "strategy" else None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small BERT without dropout, in a folder."""
    place = tmp_path / "even-bert"
    place.mkdir()
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz", *(f"##{c}" for c in "aeiou")]
    (place / "vocab.txt").write_text("\n".join(words))
    BertTokenizerFast(str(place / "vocab.txt")).save_pretrained(place)
    torch.manual_seed(0)
    shape = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    # weights far from zero: no two documents are scored alike, so that rounding cannot turn their order
    even = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "initializer_range": 1.0}
    BertModel(BertConfig(vocab_size=len(words), max_position_embeddings=512, **shape, **even)).save_pretrained(place)
    return place


@pytest.mark.slow
def test_a_bert_with_frozen_bottom_layers_gives_the_board_of_one_process(tmp_path: Path, folder: Path, cache: Path):
    bert = {"backbone": str(folder), "base": "last-layers", "set": {"freezing.layers": 1}, "max_length": 24}
    one, two = tmp_path / "small", tmp_path / "two" / "small"
    study(plan(one, cache, **SMALLER, **bert))
    first, second = ended(start(["-m", "ablate", *command(two, cache, **bert)]))
    assert (first[0], second[0]) == (0, 0), first[2]
    same_board(one, two)
    assert second[1:] == ("", "")  # it has nothing to say


@pytest.mark.slow
def test_memory_that_runs_out_on_one_is_found_and_an_error_on_one_ends_both(tmp_path: Path, cache: Path):
    out = tmp_path / "small"
    first, second = ended(start([FAILING, "baseline=memory,as-asked=error", *command(out, cache)]))
    assert (first[0], second[0]) == (2, 2), first[2]
    (line,) = first[2].splitlines()
    assert line.startswith("error: process 1 of 2: ValueError: mine alone (failing_rank.py, line ")
    assert second[1:] == ("", "")
    made = bodies(out)
    assert {body["arm"] for body in made} == {"baseline"}
    (tried,) = (body for body in made if body["trial"] == 0)
    assert tried["status"] == "finished"
    assert any("since memory ran out" in note for note in tried["notes"])


@pytest.mark.slow
def test_a_process_that_is_killed_ends_the_other(tmp_path: Path, cache: Path):
    out = tmp_path / "small"
    first, second = ended(start([FAILING, "as-asked=killed", *command(out, cache)]))
    assert (first[0], second[0]) == (2, -9)
    (line,) = first[2].splitlines()
    assert line.startswith("error: process 0 of 2 has lost the others: one of them ended, or did not answer")
    assert {body["arm"] for body in bodies(out)} == {"baseline"}


@pytest.mark.slow
def test_a_mistake_is_said_once(tmp_path: Path, cache: Path):
    first, second = ended(start(["-m", "ablate", *command(tmp_path / "small", cache, batch_size=1)]))
    assert (first[0], second[0]) == (2, 2)
    (line,) = first[2].splitlines()
    assert line.startswith("error: batch size 1: 2 processes need a document each")
    assert second[1:] == ("", "")


class Two:
    """Stands in for two processes."""

    size = 2


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"workers": 2}, "--workers"),
        ({"storage": "postgresql+psycopg://ann@nowhere/ablate"}, "--storage"),
        ({"storage": "postgresql+psycopg://ann@nowhere/ablate", "engine": "ray"}, "--engine"),
    ],
)
def test_what_shares_runs_out_is_refused(options: dict[str, Any], named: str):
    with pytest.raises(AblateError, match=rf"^{named} shares runs out, but 2 processes .*; leave {named} out, or"):
        spread.placed(make(options), Two())


def test_a_single_gpu_for_several_processes_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(spread.devices, "choose", torch.device)
    with pytest.raises(AblateError, match=r"^--device cuda:1: 2 processes take a GPU each; give --device cuda$"):
        spread.placed(make({"device": "cuda:1"}), Two())


def test_each_process_takes_the_gpu_of_its_local_rank(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(spread.devices, "choose", torch.device)
    monkeypatch.setenv("LOCAL_RANK", "3")
    placed = spread.placed(make({"device": "cuda"}), Two())
    assert (placed.device, placed.workers) == ("cuda:3", 1)


def test_a_world_without_a_rank_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    for name in spread.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    with (
        pytest.raises(AblateError, match=r"^WORLD_SIZE is 2 but RANK is not set; start with torchrun"),
        spread.processes(),
    ):
        pass


def test_a_study_from_python_is_not_made_twice_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cache: Path):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(AblateError, match="only the command line can do; start torchrun"):
        study(plan(tmp_path / "small", cache))
    assert not (tmp_path / "small").exists()


@pytest.mark.parametrize("size", [None, "", "1"])
def test_one_process_alone_is_an_ordinary_study(monkeypatch: pytest.MonkeyPatch, size: str | None):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    if size is not None:
        monkeypatch.setenv("WORLD_SIZE", size)
    assert not launched()
