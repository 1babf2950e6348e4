"""``strategies``, ``data`` and ``doctor``."""

from __future__ import annotations

import json

import pytest

from ablate.catalog import STRATEGIES
from ablate.space import search_space

NAMES = [strategy.name for strategy in STRATEGIES]


def test_every_strategy_is_listed_with_what_it_changes(ablate):
    said = ablate("strategies")
    assert (said.code, said.err) == (0, "")
    listed = {line.split()[0] for line in said.out.splitlines() if line.strip() and not line.startswith(" ")}
    assert set(NAMES) <= listed
    assert "\x1b" not in said.out


@pytest.mark.parametrize("name", NAMES)
def test_one_strategy_is_described_with_parameters_and_ranges(ablate, name: str):
    said = ablate("strategies", name)
    lines = said.out.splitlines()
    assert (said.code, said.err) == (0, "")
    assert lines[0].split() == ["strategy", name]
    (strategy,) = [s for s in STRATEGIES if s.name == name]
    described = [line.split()[1] for line in lines if line.startswith("parameter ")]
    assert described == list(search_space(strategy))


def test_strategies_as_json_hold_default_range_and_identity(ablate):
    found = json.loads(ablate("strategies", "--format", "json").out)
    assert [entry["name"] for entry in found] == NAMES
    (focal,) = json.loads(ablate("strategies", "focal", "--format", "json").out)
    assert focal in found
    assert focal["source"] == "Lin et al. 2017"
    assert {"name": "loss.gamma", "default": 2.0, "range": "0.5 to 5"} in focal["parameters"]
    assert focal["baseline_at"] == {"loss.gamma": 0.0}
    (identity,) = [entry["name"] for entry in found if entry["identity_of"]]
    assert identity == "logit-adjusted"


def test_a_plugin_is_listed_beside_the_built_in_strategies(ablate, tmp_path):
    (tmp_path / "mine.py").write_text(
        "from ablate.api import Focal, Strategy\nSTRATEGIES = (Strategy('soft-focal', loss=Focal(0.5)),)\n"
    )
    assert "soft-focal" in ablate("strategies", "--plugin", "mine.py").out
    (entry,) = json.loads(ablate("strategies", "soft-focal", "--plugin", "mine.py", "--format", "json").out)
    assert entry["factor"] == "loss"


def test_a_data_set_is_described(ablate, tmp_path):
    rows = [{"text": f"document number {n}", "labels": ["red", "blue"][: 1 + n % 2]} for n in range(60)]
    (tmp_path / "mails.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    said = ablate("data", "mails.jsonl")
    assert (said.code, said.err) == (0, "")
    for word in ("mails", "60", "labels", "train", "validation", "test"):
        assert word in said.out
    assert "document number" not in said.out
    assert str(tmp_path) not in said.out


def test_a_description_tells_what_is_cut_where_a_length_or_a_backbone_is_given(ablate, tmp_path):
    said = ablate("data", "synthetic:quickstart", "--documents", "400", "--backbone", "bag", "--max-length", "5")
    assert (said.code, said.err) == (0, "")
    assert "%" in "".join(line for line in said.out.splitlines() if "5 tokens" in line or "truncated" in line)
    assert (tmp_path / "home-cache" / "ablate").is_dir()


def test_doctor_says_what_is_here(ablate):
    said = ablate("doctor")
    assert (said.code, said.err) == (0, "")
    first = [line.split()[0] for line in said.out.splitlines()]
    assert first[:4] == ["device", "precision", "threads", "python"]
    for word in ("torch", "optuna", "weights", "cache"):
        assert word in first
    assert "bert-base-uncased" in said.out
    assert "\x1b" not in said.out
