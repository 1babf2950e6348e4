"""A study of a person's own file, with a plugin and weights kept."""

from __future__ import annotations

import json
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file
from small_study import Seen, bodies, confirmed, contents, once, plan, rows

from ablate.errors import AblateError
from ablate.metrics.measure import examine
from ablate.results.record import Records
from ablate.study.command import plan_of
from ablate.study.conduct import prepare, study
from ablate.synthesis.generate import generate
from ablate.train.evaluate import score
from ablate.train.run import run

PLUGIN = '''from dataclasses import dataclass

from ablate.api import Loss, Strategy


@dataclass(frozen=True)
class Broken(Loss):
    """Not a number from the second step on."""

    def __call__(self, logits, targets, weights, stats):
        loss = super().__call__(logits, targets, weights, stats)
        return loss * float("nan") if stats.progress > 0 else loss


STRATEGIES = (Strategy("broken", loss=Broken()),)
'''
CHANGES = {
    "documents": None,
    "strategies": ["broken"],
    "seeds": 1,
    "alarms_per_document": 5.0,
    "set": {"optimizer.scale": 3.0, "baseline.head.dropout": 0.25},
    "keep_weights": True,
}


@dataclass(frozen=True)
class Mine:
    """Where a person keeps data and plugin, and the finished study."""

    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data" / "mails.jsonl"

    @property
    def plugin(self) -> Path:
        return self.folder / "plugins" / "mine.py"

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def plan(self, cache: Path, **changes):
        return plan(self.out, cache, **{**CHANGES, "data": str(self.data), "plugin": [str(self.plugin)], **changes})


@pytest.fixture(scope="session")
def mine(shared: Path, cache: Path) -> Mine:
    def make(folder: Path) -> None:
        made = Mine(folder)
        made.data.parent.mkdir()
        made.plugin.parent.mkdir()
        corpus = generate("quickstart", 400)
        lines = [
            {"text": text, "labels": [corpus.names[c] for c in row]}
            for text, row in zip(corpus.texts, corpus.labels.lists(), strict=True)
        ]
        made.data.write_text("".join(json.dumps(line) + "\n" for line in lines))
        made.plugin.write_text(PLUGIN)
        study(made.plan(cache), Seen())

    return Mine(once(shared / "mine", make))


@pytest.fixture
def copy(mine: Mine, tmp_path: Path) -> Mine:
    """All of it in another place."""
    return Mine(Path(shutil.copytree(mine.folder, tmp_path / "elsewhere")))


def test_a_loss_that_is_not_finite_is_a_failed_run_and_no_crash(mine: Mine):
    found = [b for b in bodies(mine.out) if b["arm"] == "broken"]
    assert [b["trial"] for b in sorted(found, key=lambda b: b["trial"])] == [0, 1]
    assert {(b["status"], b["reason"]) for b in found} == {("failed", "the loss was not finite at step 2")}
    assert {b["stability"]["verdict"] for b in found} == {"failed"}
    row = rows(mine.out)["broken"]
    assert (row["rank"], row["runs"], row["tuning"]["failed"]) == (None, 0, 2)
    assert "broken: every trial failed: the loss was not finite at step 2." in (mine.out / "leaderboard.md").read_text()


def test_an_arm_whose_trials_all_failed_is_said_to_have_nothing_to_confirm(copy: Mine, cache: Path):
    seen = Seen()
    study(copy.plan(cache), seen)
    assert seen.fresh == []
    nothing = "broken: every trial failed, so there is nothing to confirm (trial 0: the loss was not finite at step 2)"
    assert nothing in seen.said


def test_a_parameter_that_is_set_is_fixed_and_not_tuned(mine: Mine):
    for body in bodies(mine.out):
        if body["kind"] == "strategy":
            assert body["parameters"]["optimizer.scale"] == 3.0
    dropout = {arm: {b["parameters"]["head.dropout"] for b in bodies(mine.out) if b["arm"] == arm} for arm in ROWS}
    assert dropout["baseline"] == {0.25}  # its own setting, both parameters: nothing is left to tune
    assert len(dropout["as-asked"]) == 2
    assert rows(mine.out)["baseline"]["trials"] == 1
    assert tomllib.loads((mine.out / "study.toml").read_text())["set"] == CHANGES["set"]


ROWS = ("baseline", "as-asked", "broken")


def test_every_row_raises_as_many_alarms_as_were_asked_for(mine: Mine):
    finished = [b for b in bodies(mine.out) if b.get("test")]
    assert {b["arm"] for b in finished} == {*ROWS[:2], "predict-everything", "prior-only", "tfidf-linear"}
    for body in finished:
        assert body["identity"]["alarms_per_document"] == 5.0
        assert body["test"]["at_budget"]["alarms_per_document"] == 5.0


def test_the_plan_names_file_and_plugin_without_their_folders(mine: Mine):
    written = tomllib.loads((mine.out / "study.toml").read_text())
    assert (written["data"], written["plugin"]) == ("mails.jsonl", ["mine.py"])
    assert (written["alarms_per_document"], written["keep_weights"]) == (5.0, True)
    assert "rho" not in written
    for path in [*mine.out.glob("*"), *(mine.out / "records").glob("*.json")]:
        assert path.is_dir() or str(mine.folder).encode() not in path.read_bytes(), path.name


def test_the_written_plan_finds_its_file_in_the_data_folder(copy: Mine, cache: Path, monkeypatch):
    monkeypatch.setenv("ABLATE_DATA_DIR", str(copy.data.parent))
    seen = Seen()
    given = {"cache": str(cache), "plugin": [str(copy.plugin)]}
    study(plan_of(copy.out / "study.toml", given, []), seen)
    assert seen.fresh == []


def test_the_written_plan_finds_its_plugin_beside_it(copy: Mine, cache: Path, monkeypatch):
    monkeypatch.setenv("ABLATE_DATA_DIR", str(copy.data.parent))
    with pytest.raises(
        AblateError, match=r"study.toml': plugin 'mine.py' is not beside it; give --plugin with the path"
    ):
        plan_of(copy.out / "study.toml", {}, [])
    shutil.copy(copy.plugin, copy.out)
    seen = Seen()
    study(plan_of(copy.out / "study.toml", {"cache": str(cache)}, []), seen)
    assert (seen.fresh, len(seen.resumed)) == ([], len(bodies(copy.out)))


def test_another_processor_goes_on_in_the_precision_of_the_study(copy: Mine, cache: Path, monkeypatch):
    here = {b["identity"]["precision"] for b in bodies(copy.out) if b["kind"] == "strategy"}
    other = "bf16" if here == {"fp32"} else "fp32"
    monkeypatch.setattr("ablate.train.device.precision", lambda device: other)
    seen = Seen()
    study(copy.plan(cache), seen)
    assert seen.fresh == []
    assert any("emulates bf16" in line for line in seen.said) == (other == "fp32")


def test_the_written_plan_says_where_it_looked_for_its_file(copy: Mine, cache: Path, monkeypatch):
    monkeypatch.delenv("ABLATE_DATA_DIR", raising=False)
    given = {"cache": str(cache), "plugin": [str(copy.plugin)]}
    with pytest.raises(AblateError, match=r"no such file: mails.jsonl; .*ABLATE_DATA_DIR"):
        study(plan_of(copy.out / "study.toml", given, []), Seen())


def test_other_data_under_the_same_name_are_refused_by_their_sha256(copy: Mine, cache: Path):
    records = contents(copy.out / "records")
    old = bodies(copy.out)[0]["identity"]["data_sha256"]
    copy.data.write_text(copy.data.read_text().replace("a", "e", 1))
    message = rf"data 'mails\w*' is not what the study was planned on: its sha256 is \w{{12}}\.\.\., .*{old[:12]}\.\.\."
    with pytest.raises(AblateError, match=message):
        study(copy.plan(cache), Seen())
    assert contents(copy.out / "records") == records


def test_an_edited_plugin_does_not_stand_under_the_name_of_the_old_one(copy: Mine, cache: Path):
    records = contents(copy.out / "records")
    copy.plugin.write_text(PLUGIN.replace('float("nan")', "2"))
    with pytest.raises(AblateError, match=r"holds runs of 'broken' from another version of its plugin"):
        study(copy.plan(cache), Seen())
    assert contents(copy.out / "records") == records


def test_kept_weights_give_the_figures_of_their_record(mine: Mine, cache: Path):
    records = Records(mine.out / "records")
    kept = {path.stem: path for path in (mine.out / "weights").iterdir()}
    assert set(kept) == {b["key"] for arm in ROWS[:2] for b in confirmed(mine.out, arm)}
    ready = prepare(mine.plan(cache), Seen())
    for arm in ready.arms[:2]:
        (body,) = confirmed(mine.out, arm.name)
        setting = ready.settings.of(arm.strategy)
        untrained = run(arm.strategy, setting.with_budget(1), 0, lambda step, curve: False, lambda step: None).model
        weights = load_file(kept[body["key"]])
        assert {name: value.shape for name, value in weights.items()} == {
            name: value.shape for name, value in untrained.state_dict().items()
        }
        untrained.load_state_dict(weights)
        rows_, labels = setting.prepared.rows["test"], setting.prepared.labels
        scores = score(untrained, setting.inputs, rows_, arm.strategy.loss, setting)
        prior = np.asarray(setting.prepared.stats().prior.double().numpy())
        figures, arrays = examine(
            scores, labels["test"], labels["train"].counts(), prior, setting.alarms_per_document, body["validation"]
        )
        assert figures["at_budget"] == body["test"]["at_budget"]
        assert arrays["alarms"].tolist() == records.arrays(body["key"])["alarms"].tolist()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"optimizer.scal": 2}, r"--set optimizer.scal: no arm has this parameter; did you mean 'optimizer.scale'\?"),
        ({"brokn.head.dropout": 0.1}, "no arm has this parameter; did you mean 'broken.head.dropout'"),
        ({"optimizer.scale": 1000}, r"optimizer.scale = 1000 lies outside its range 0.1 to 10 \(log\)"),
        ({"head.dropout": "much"}, "head.dropout = 'much' lies outside its range 0 to 0.5"),
    ],
)
def test_a_setting_that_no_arm_can_have_is_refused(mine: Mine, tmp_path, cache: Path, setting: dict, message: str):
    with pytest.raises(AblateError, match=message):
        study(plan(tmp_path / "out", cache, **{**CHANGES, "plugin": [str(mine.plugin)], "set": setting}), Seen())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (None, r"plugin file '.*mine.py' does not exist; give a Python file"),
        ("import no_such_module", "cannot be imported: ModuleNotFoundError: No module named 'no_such_module'"),
        ("STRATEGIES = ()", "has no STRATEGIES; add"),
        ("from ablate.api import Strategy\nSTRATEGIES = (Strategy('focal'),)", "a strategy 'focal' exists already"),
    ],
)
def test_a_plugin_file_that_does_not_work_is_named(tmp_path, cache: Path, code: str | None, message: str):
    file = tmp_path / "mine.py"
    if code is not None:
        file.write_text(code)
    with pytest.raises(AblateError, match=message):
        study(plan(tmp_path / "out", cache, plugin=[str(file)]), Seen())
    assert not (tmp_path / "out").exists()
