"""RoBERTa and BERT from random weights, a study over both included; folders in place of names."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from small_study import Seen, bodies, plan, rows
from transformers import BertConfig, BertModel, BertTokenizerFast

from ablate.components.backbone import Bag, TinyRoberta, backbone
from ablate.errors import AblateError
from ablate.study.arms import OTHER_LAYERS
from ablate.study.conduct import prepare, study

ON_ROBERTA = 'STRATEGIES = (Strategy("on-roberta", backbone=TinyRoberta()),)\n'
SHORT = {"trials": 1, "seeds": 1, "batch_size": 4, "max_length": 10}


def test_a_strategy_on_another_backbone_stands_in_its_own_part_and_is_not_ranked(plugin, tmp_path, cache: Path):
    out = tmp_path / "both"
    seen = Seen()
    both = plan(out, cache, backbone="tiny-bert", strategies=["on-roberta"], plugin=[plugin(ON_ROBERTA)], **SHORT)
    study(both, seen)
    assert {b["status"] for b in seen.fresh} == {"finished"}
    backbones = {b["arm"]: b["identity"]["backbone"]["name"] for b in seen.fresh if b["kind"] == "strategy"}
    assert backbones == {"baseline": "tiny-bert", "as-asked": "tiny-bert", "on-roberta": "tiny-roberta"}
    found = rows(out)
    assert (found["on-roberta"]["part"], found["on-roberta"]["rank"]) == (OTHER_LAYERS, None)
    assert found["on-roberta"]["macro_recall_at_budget"]["mean"] >= 0
    assert (found["baseline"]["part"], found["baseline"]["rank"]) == ("", 1)
    assert all("from scratch" in row["notes"] for row in found.values() if row["kind"] == "strategy")
    text = (out / "leaderboard.md").read_text()
    assert "**different trained layers" in text
    assert "from scratch" in text

    again = Seen()
    study(both, again)
    assert (again.fresh, len(again.resumed)) == ([], len(seen.fresh))


@pytest.mark.slow
def test_a_study_of_a_roberta_runs(tmp_path, cache: Path):
    study(plan(tmp_path / "out", cache, backbone="tiny-roberta", strategies=[], **SHORT), Seen())
    found = [b for b in bodies(tmp_path / "out") if b["kind"] == "strategy"]
    assert {b["identity"]["backbone"]["name"] for b in found} == {"tiny-roberta"}
    assert {b["status"] for b in found} == {"finished"}
    assert rows(tmp_path / "out")["baseline"]["notes"] == ["from scratch"]


def test_the_settled_length_is_that_of_every_backbone(tmp_path, cache: Path):
    """Else a study that goes on from its written plan would cut an arm's texts elsewhere than before."""
    ready = prepare(plan(tmp_path / "out", cache, backbone="tiny-bert"), Seen())
    alone = prepare(plan(tmp_path / "out", cache, backbone="bag"), Seen())  # whose tokenizer adds no special tokens
    assert alone.settled["max_length"] != ready.settled["max_length"]
    assert ready.settings.prepared(Bag()).max_length == ready.settled["max_length"]


def test_a_length_that_the_backbone_cannot_read_is_refused(tmp_path, cache: Path):
    with pytest.raises(AblateError, match=r"'tiny-bert' reads at most 512 tokens, not 513; give --max-length 512"):
        prepare(plan(tmp_path / "out", cache, backbone="tiny-bert", max_length=513), Seen())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A BERT as a person may have it on the disk."""
    place = tmp_path / "models" / "my-bert"
    place.mkdir(parents=True)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz"]
    words += [f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
    (place / "vocab.txt").write_text("\n".join(words))
    BertTokenizerFast(str(place / "vocab.txt")).save_pretrained(place)
    torch.manual_seed(0)
    shape = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    BertModel(BertConfig(vocab_size=len(words), max_position_embeddings=64, **shape)).save_pretrained(place)
    return place


def test_a_backbone_in_a_folder_is_written_by_its_name_and_weights(tmp_path, folder: Path, cache: Path):
    out = tmp_path / "out"
    mine = plan(out, cache, backbone=str(folder), base="head-only", strategies=[], trials=1, seeds=1, max_length=12)
    seen = Seen()
    study(mine, seen)
    assert all("frozen encoder" in row["notes"][0] for row in rows(out).values() if row["kind"] == "strategy")
    for body in bodies(out):
        if body["kind"] == "strategy":
            assert body["identity"]["backbone"]["name"] == "my-bert"
            assert len(body["identity"]["backbone"]["weights_sha256"]) == 64
            assert len(body["environment"]["standardiser_sha256"]) == 64
    assert str(tmp_path) not in (out / "study.toml").read_text()
    again = Seen()
    study(mine, again)
    assert again.fresh == []


def test_a_backbone_is_a_known_one_or_whatever_can_be_loaded():
    assert backbone("tiny-roberta") == TinyRoberta()
    assert backbone("some/folder").model == "some/folder"
