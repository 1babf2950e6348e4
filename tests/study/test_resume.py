"""Start the same study again: nothing is made twice, what is missing is made, another study is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from small_study import (
    BOARDS,
    PLAN,
    RUNS_OF_ARM,
    Seen,
    board,
    bodies,
    confirmed,
    contents,
    plan,
    rows,
    timeless,
)

from ablate.errors import AblateError
from ablate.results.record import Records, same
from ablate.study.command import plan_of
from ablate.study.conduct import study
from ablate.study.lock import lock


def extend(out: Path, cache: Path, **changes: object) -> Seen:
    """Go on with a study; asserts that every record that was there keeps time and bytes."""
    before = contents(out / "records")
    seen = Seen()
    study(plan(out, cache, **changes), seen)
    after = contents(out / "records")
    assert {name: after[name] for name in before} == before
    assert len(seen.fresh) == len([name for name in after if name.endswith(".json") and name not in before])
    assert len(seen.fresh) + len(seen.resumed) == seen.announced
    return seen


def test_no_finished_run_is_made_again_and_the_board_is_the_same_bytes(again: Path, cache: Path):
    boards = {name: (again / name).read_bytes() for name in (*BOARDS, "study.toml")}
    seen = extend(again, cache)
    assert seen.fresh == []
    assert {name: (again / name).read_bytes() for name in boards} == boards


def test_what_the_folder_has_settled_needs_no_option(again: Path, cache: Path):
    seen = Seen()
    written = (again / "study.toml").read_bytes()
    study(plan_of(None, {"out": str(again), "cache": str(cache)}, []), seen)
    assert seen.fresh == []
    assert (again / "study.toml").read_bytes() == written


def test_the_written_plan_goes_on_with_its_study(again: Path, cache: Path):
    seen = Seen()
    study(plan_of(again / "study.toml", {"cache": str(cache)}, []), seen)
    assert (seen.fresh, len(seen.resumed)) == ([], seen.announced)


def test_without_out_a_study_goes_on_in_the_folder_of_its_data_and_backbone(
    again: Path, cache: Path, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    again.rename(tmp_path / "moved")
    shutil.copytree(tmp_path / "moved", tmp_path / "results" / "quickstart-bag")
    seen = Seen()
    study(plan_of(None, {"backbone": "bag", "cache": str(cache)}, []), seen)
    assert seen.fresh == []  # 400 documents, as the study there says, not all of them


def test_the_threads_of_a_study_are_those_it_was_started_with(again: Path, cache: Path):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        study(plan_of(None, {"out": str(again), "cache": str(cache)}, []), Seen())
        assert torch.get_num_threads() == PLAN["threads"]
    finally:
        torch.set_num_threads(before)


def test_more_seeds_make_the_missing_runs_alone(again: Path, cache: Path):
    seen = extend(again, cache, seeds=3)
    assert [(b["arm"], b["identity"]["seed"]) for b in seen.fresh] == [("baseline", 2), ("as-asked", 2), ("focal", 2)]
    assert all(row["runs"] == 3 for row in rows(again).values() if row["kind"] == "strategy")


def test_fewer_seeds_make_nothing_and_throw_nothing_away(again: Path, cache: Path):
    assert extend(again, cache, seeds=1).fresh == []
    assert rows(again)["focal"]["runs"] == 2


def test_another_strategy_makes_its_own_runs_alone(again: Path, cache: Path):
    seen = extend(again, cache, strategies=["focal", "softmax"])
    assert {b["arm"] for b in seen.fresh} == {"softmax"}
    assert len(seen.fresh) == RUNS_OF_ARM
    assert {"focal", "softmax"} <= set(rows(again))


def test_another_trial_makes_its_runs_alone(again: Path, cache: Path):
    seen = extend(again, cache, trials=3)
    tuned = [b for b in seen.fresh if b["identity"]["phase"] == "tune"]
    assert [b["trial"] for b in tuned if b["trial"] is not None] == [2, 2, 2]
    assert len(tuned) == 3 * (1 + 2)  # the new trial of each arm, and on two more seeds
    assert board(again)["selection"]["trials"] == 3


def test_a_micro_floor_changes_the_ranking_and_makes_no_run(again: Path, finished: Path, cache: Path):
    assert extend(again, cache, micro_floor=1.0).fresh == []
    assert {row["rank"] for row in rows(finished).values()} >= {1}
    assert {row["rank"] for row in rows(again).values()} == {None}
    assert board(again)["guard"]["micro_floor"] == 1.0


def test_torn_and_foreign_files_are_named_and_torn_runs_are_made_again(again: Path, finished: Path, cache: Path):
    records = again / "records"
    tuned = next(b["key"] for b in bodies(again) if b["arm"] == "focal" and b["trial"] == 1)
    arrays, empty = (b["key"] for b in confirmed(again, "baseline"))
    for path in (records / f"{tuned}.json", records / f"{arrays}.npz"):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    (records / f"{empty}.json").write_bytes(b"")
    (records / "notes.json").write_text('{"mine": 1}')
    torn = {f"{tuned}.json", f"{arrays}.npz", f"{arrays}.json", f"{empty}.json", f"{empty}.npz"}
    before = {name: one for name, one in contents(records).items() if name not in torn}

    seen = Seen()
    study(plan(again, cache), seen)
    assert {b["key"] for b in seen.fresh} == {tuned, arrays, empty}
    for name, why in ((tuned, "not whole JSON"), (arrays, "missing or torn"), (empty, "not whole JSON")):
        assert f"records: {name}.json: " in "\n".join(line for line in seen.said if why in line)
    assert any("notes.json: not a record" in line for line in seen.said)
    after = contents(records)
    assert {name: after[name] for name in before} == before
    assert same(Records(records).read(tuned), Records(finished / "records").read(tuned))
    assert after[f"{arrays}.npz"][1] == (finished / "records" / f"{arrays}.npz").read_bytes()
    assert timeless(again) == timeless(finished)


def test_a_record_that_was_deleted_is_made_again_as_it_was(again: Path, finished: Path, cache: Path):
    (key, _) = (b["key"] for b in confirmed(again, "focal"))
    for suffix in ("json", "npz"):
        (again / "records" / f"{key}.{suffix}").unlink()
    (again / "study.db").write_bytes(b"not a database")
    assert [b["key"] for b in extend(again, cache).fresh] == [key]
    assert timeless(again) == timeless(finished)


def test_two_machines_records_of_one_study_are_merged_by_copying(again: Path, finished: Path, cache: Path, tmp_path):
    """Each of two folders lacks other runs; together they lack none."""
    other = Path(shutil.copytree(again, tmp_path / "other"))
    for body in bodies(again):
        folder = again if body["arm"] == "focal" else other
        for path in (folder / "records").glob(f"{body['key']}.*"):
            path.unlink()
    shutil.copytree(other / "records", again / "records", dirs_exist_ok=True)
    assert extend(again, cache).fresh == []
    assert timeless(again) == timeless(finished)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 50}, "steps is 25 there and 50 here"),
        ({"backbone": "tiny-bert"}, "backbone is 'bag' there and 'tiny-bert' here"),
        ({"alarms_per_document": 2.0}, r"alarms_per_document is not set there and 2\.0 here"),
        ({"set": {"focal.loss.gamma": 1.0}}, "set is not set there and {'focal.loss.gamma': 1.0} here"),
    ],
)
def test_another_study_is_refused_and_leaves_the_folder_alone(again: Path, cache: Path, change: dict, message: str):
    before, records = contents(again), contents(again / "records")
    with pytest.raises(AblateError, match=rf"^output folder '.*' holds another study: {message}; give another --out$"):
        study(plan(again, cache, **change), Seen())
    assert (contents(again), contents(again / "records")) == (before, records)


def test_a_second_driver_in_the_folder_is_refused(again: Path, cache: Path):
    with lock(again):
        before, records = contents(again), contents(again / "records")
        with pytest.raises(AblateError, match="is in use by another study; wait for it or give --out"):
            study(plan(again, cache), Seen())
        assert (contents(again), contents(again / "records")) == (before, records)
    study(plan(again, cache), Seen())  # the lock went with its holder


def test_a_file_where_the_output_folder_should_be_is_refused(tmp_path, cache: Path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(AblateError, match="cannot be written to: File exists; give another --out"):
        study(plan(tmp_path / "out", cache), Seen())
    assert (tmp_path / "out").read_text() == "mine"


def test_a_broken_plan_in_the_folder_is_named(again: Path, cache: Path):
    (again / "study.toml").write_text("steps = ")
    with pytest.raises(AblateError, match=r"study.toml' is not TOML"):
        study(plan(again, cache), Seen())


@pytest.mark.slow
def test_records_say_the_same_when_a_study_is_made_again(finished: Path, tmp_path, cache: Path):
    """One arm of two from nothing, in another folder and after other runs: the same keys and figures."""
    study(plan(tmp_path / "out", cache, strategies=[], seeds=1), Seen())
    other = Records(finished / "records")
    for body in bodies(tmp_path / "out"):
        assert same(body, other.read(body["key"]))
        arrays = tmp_path / "out" / "records" / f"{body['key']}.npz"
        assert arrays.exists() == ("test" in body)
        if arrays.exists():
            assert arrays.read_bytes() == (finished / "records" / arrays.name).read_bytes()
    assert json.loads((tmp_path / "out" / "leaderboard.json").read_bytes())["rows"]


def test_weights_that_were_not_kept_when_a_run_was_made_are_said_to_be_missing(again: Path, cache: Path):
    seen = extend(again, cache, keep_weights=True)
    assert seen.fresh == []
    assert any(said.startswith("focal: the weights of 2 runs were not kept") for said in seen.said)


def test_the_defaults_are_confirmed_when_they_are_asked_for(again: Path, cache: Path):
    before = rows(again)
    seen = extend(again, cache, defaults=True)
    tuned_away = {
        arm: next(b for b in bodies(again) if b["arm"] == arm and b["identity"]["phase"] == "tune" and b["trial"] == 0)
        for arm in ("baseline", "as-asked", "focal")
    }
    for arm, first in tuned_away.items():
        chosen = before[arm]["parameters"] == first["parameters"]
        fresh = [b for b in seen.fresh if b["arm"] == arm]
        assert [b["identity"]["seed"] for b in fresh] == ([] if chosen else [0, 1])
        assert all(b["identity"]["strategy"] == first["identity"]["strategy"] for b in fresh)
    after = rows(again)
    assert seen.fresh
    for arm in tuned_away:
        assert after[arm]["at_defaults"]["runs"] == 2
        assert after[arm]["macro_recall_at_budget"] == before[arm]["macro_recall_at_budget"]
    assert extend(again, cache).fresh == []  # the folder has settled it
    assert "defaults = true" in (again / "study.toml").read_text()
