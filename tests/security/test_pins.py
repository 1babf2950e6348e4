"""What comes from the hub is named by its commit, and the same commit is read again."""

from __future__ import annotations

import itertools
import json
import shutil
import tomllib
import types
from pathlib import Path
from typing import Any

import pytest
from planted import model_folder

from ablate.encoders import sources
from ablate.encoders.pretrained import load
from ablate.encoders.revisions import meant
from ablate.errors import AblateError
from ablate.results.report.origin import study_command
from ablate.study import resolve
from ablate.study.command import plan_of
from ablate.study.conduct import study
from ablate.study.plan import make

FIRST, SECOND = "1" * 40, "2" * 40


class Hub:
    """A hub of one model and one data set, each with two commits, that keeps what it was asked for."""

    def __init__(self, cache: Path) -> None:
        self.cache, self.newest, self.there = cache, FIRST, True
        self.models: list[tuple[str, str | None]] = []
        self.sets: list[tuple[str, str | None, str | None]] = []

    def snapshot_download(self, name: str, revision: str | None = None, **told: Any) -> str:
        """A folder named by the commit, as the hub's client gives it; the commits differ in their weights."""
        self.models.append((name, revision))
        place = self.cache / "models" / "snapshots" / (revision or self.newest)
        if not place.exists():
            if not self.there:
                raise ConnectionError("no route")
            model_folder(place)
        return str(place)

    def dataset_info(self, name: str, revision: str | None, timeout: float) -> Any:
        if not self.there:
            raise ConnectionError("no route")
        return types.SimpleNamespace(sha=revision or self.newest)

    def load_dataset(self, name: str, config: str | None, revision: str | None) -> dict[str, Any]:
        """As the library does, the newest that is in its cache where the hub is away, whatever was asked for."""
        import datasets

        self.sets.append((name, config, revision))
        commit = revision if self.there else self.newest
        place = self.cache / "sets" / str(commit)
        if not place.exists():
            word = {FIRST: "soup", SECOND: "salt"}[str(commit)]
            columns = {
                "text": [f"{word} {i}" for i in range(120)],
                "labels": ["a" if i % 2 else "b" for i in range(120)],
            }
            datasets.Dataset.from_dict(columns).save_to_disk(place)
        return {"train": datasets.load_from_disk(place)}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    found = Hub(tmp_path / "hub")
    monkeypatch.setattr("huggingface_hub.snapshot_download", found.snapshot_download)
    monkeypatch.setattr("huggingface_hub.HfApi", lambda: found)
    monkeypatch.setattr("datasets.load_dataset", found.load_dataset)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.chdir(tmp_path)
    return found


OPTIONS = {
    "data": "hub:owner/mails:main",
    "backbone": "owner/tiny",
    "base": "head-only",
    "strategies": [],
    "steps": 25,
    "batch_size": 32,
    "trials": 1,
    "seeds": 1,
    "threads": 1,
    "workers": 1,
    "out": "out",
    "cache": "cache",
}
PINS = {"owner/tiny": FIRST, "hub:owner/mails:main": FIRST}


def test_a_study_names_the_commits_and_reads_them_again(hub: Hub):
    study(make(OPTIONS))
    assert tomllib.loads(Path("out/study.toml").read_text())["revisions"] == PINS
    made = [json.loads(path.read_text()) for path in sorted(Path("out/records").glob("*.json"))]
    found = {(b["environment"].get("backbone_revision"), b["environment"].get("data_revision")) for b in made}
    assert found == {(FIRST, FIRST)}
    assert all("revision" not in json.dumps(body["identity"]) for body in made)  # keys are those of the content

    hub.newest = SECOND
    hub.models.clear()
    hub.sets.clear()
    times = {path: path.stat().st_mtime_ns for path in Path("out/records").iterdir()}
    study(make(OPTIONS))
    study(plan_of(Path("out/study.toml"), {"cache": "cache"}, []))
    assert {path: path.stat().st_mtime_ns for path in Path("out/records").iterdir()} == times
    assert {revision for _, revision in hub.models} == {FIRST}
    assert hub.sets == [("owner/mails", "main", FIRST)] * 2
    assert tomllib.loads(Path("out/study.toml").read_text())["revisions"] == PINS


def test_without_the_hub_the_same_commits_come_from_the_cache(hub: Hub):
    study(make(OPTIONS))
    hub.there = False
    study(make({**OPTIONS, "seeds": 2}))
    hub.newest = SECOND  # by now the cache holds another commit as its newest
    shutil.rmtree(hub.cache / "sets", ignore_errors=True)
    with pytest.raises(AblateError) as caught:
        study(make({**OPTIONS, "seeds": 3}))
    assert "\n" not in str(caught.value)


def test_another_study_reads_the_newest(hub: Hub):
    study(make(OPTIONS))
    hub.newest = SECOND
    study(make({**OPTIONS, "out": "other"}))
    assert set(tomllib.loads(Path("other/study.toml").read_text())["revisions"].values()) == {SECOND}


def test_a_set_of_another_commit_in_the_cache_is_refused(monkeypatch: pytest.MonkeyPatch, hub: Hub):
    from ablate.data.source import load as load_data

    rows = hub.load_dataset("owner/mails", None, FIRST)["train"]
    monkeypatch.setattr(
        type(rows), "cache_files", [{"filename": f"/cache/owner___mails/default/0.0.0/{SECOND}/a.arrow"}]
    )
    monkeypatch.setattr("datasets.load_dataset", lambda name, config, revision: {"train": rows})
    assert load_data("hub:owner/mails").revision == SECOND  # what was read, whatever the hub calls its newest
    with pytest.raises(
        AblateError, match=rf"the local cache has commit {SECOND}, the study was made with {FIRST}; conn"
    ):
        load_data("hub:owner/mails", revision=FIRST)


@pytest.mark.parametrize("name", ["", "../mails", "/mails", "owner/mails/more", "hf://mails", "owner mails"])
def test_what_is_no_name_of_the_hub_is_not_asked_for(hub: Hub, name: str):
    from ablate.data.source import load as load_data

    with pytest.raises(AblateError, match="is no name of a data set; give hub:owner/name"):
        load_data(f"hub:{name}")
    assert hub.sets == []


def test_a_folder_of_the_name_of_a_set_is_not_read_in_its_place(hub: Hub):
    from ablate.data.source import load as load_data

    Path("owner/mails").mkdir(parents=True)
    with pytest.raises(AblateError, match=r"'owner/mails' lies in this folder, .*; give --data owner/mails, or start"):
        load_data("hub:owner/mails")
    assert hub.sets == []


def test_tokenizer_and_weights_are_of_one_commit(hub: Hub):
    """The hub may have a new commit between the two."""
    revisions: dict[str, str] = {}
    with meant(revisions):
        assert load("owner/tiny").revision == FIRST
        hub.newest = SECOND
        assert load("owner/tiny").revision == FIRST
    assert revisions == {"owner/tiny": FIRST}
    assert load("owner/tiny").revision == SECOND  # nobody says which is meant
    assert hub.models == [("owner/tiny", None), ("owner/tiny", FIRST), ("owner/tiny", None)]


def test_a_folder_on_this_machine_has_no_commit(hub: Hub, tmp_path: Path):
    place = model_folder(tmp_path / "snapshots" / FIRST)
    assert sources.commit_of(place, str(place)) is None
    assert load(str(place)).revision is None


def test_a_plan_with_another_commit_is_another_study(tmp_path: Path):
    resolve.planfile.write(tmp_path / "study.toml", {"backbone": "a/b", "revisions": {"a/b": FIRST}})
    more = {"c/d": SECOND}
    merged = resolve.with_earlier(make({"revisions": more}), tmp_path)
    assert merged.revisions == {"a/b": FIRST, **more}
    with pytest.raises(AblateError, match="holds another study: revisions is"):
        resolve.with_earlier(make({"revisions": {"a/b": SECOND}}), tmp_path)


def test_a_name_that_moves_is_no_commit():
    with pytest.raises(AblateError, match="revisions: 'main' of a/b is no commit; give its 40 hexadecimal digits"):
        make({"revisions": {"a/b": "main"}})


def test_the_command_of_the_report_gives_the_commits(monkeypatch: pytest.MonkeyPatch):
    import shlex

    words = shlex.split(study_command({"trials": 3, "revisions": PINS}))
    settings = [word for before, word in itertools.pairwise(words) if before == "--set"]
    assert plan_of(None, {}, settings).revisions == PINS
