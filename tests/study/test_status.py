"""How far a study is, and failed runs made again."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from small_study import ARMS, CONTROLS, RUNS_OF_ARM, Seen, bodies, contents, plan, rows, timeless

from ablate.catalog import CEILINGS as CEILINGS_OF_CATALOG
from ablate.catalog import CONTROLS as CONTROLS_OF_CATALOG
from ablate.errors import AblateError
from ablate.results.record import Records
from ablate.study import complete as complete_module
from ablate.study import estimate
from ablate.study.cluster.status import of_database
from ablate.study.complete import CEILINGS as CEILINGS_OF_COMPLETE
from ablate.study.complete import CONTROLS as CONTROLS_OF_COMPLETE
from ablate.study.complete import complete
from ablate.study.conduct import study
from ablate.study.lock import lock
from ablate.study.status import NOTHING, UNKNOWN, Running, of_folder, status
from ablate.study.status_command import show
from chaos.postgres import Server

RUNS = ARMS * RUNS_OF_ARM + CONTROLS
REASON = "the worker died three times: signal 9"


def fail(out: Path, arm: str, phase: str, trial: int | None = None) -> str:
    """Turn a run into one that has failed; gives its key."""
    records = Records(out / "records")
    of_arm = [b for b in records.all() if (b["arm"], b["identity"]["phase"]) == (arm, phase)]
    body = next(b for b in of_arm if trial is None or b["trial"] == trial)
    (records.folder / f"{body['key']}.npz").unlink(missing_ok=True)
    kept = {name: value for name, value in body.items() if name != "test"}
    records.write({**kept, "status": "failed", "reason": REASON, "validation": {}})
    return str(body["key"])


def test_a_finished_study(finished: Path):
    found = of_folder(finished)
    assert (found.runs, found.ended, found.running, found.failed) == (RUNS, {"finished": RUNS}, (), ())
    assert found.lines() == [f"small: {RUNS} of {RUNS} runs done ({RUNS} finished)"]


def test_what_has_failed_and_why_and_what_is_torn(again: Path):
    fail(again, "focal", "confirm")
    fail(again, "baseline", "tune", trial=1)
    torn = next(b["key"] for b in bodies(again) if b["arm"] == "as-asked")
    (again / "records" / f"{torn}.json").write_text("{")
    found = of_folder(again)
    assert found.ended == {"finished": RUNS - 3, "failed": 2}
    assert {(one.arm, one.what, one.reason) for one in found.failed} == {
        ("baseline", "trial 1", REASON),
        ("focal", found.failed[-1].what if found.failed[-1].arm == "focal" else found.failed[0].what, REASON),
    }
    told = "\n".join(found.lines())
    assert f"failed: baseline, trial 1: {REASON}" in told
    assert "running: nothing; start the study again" in told
    assert "ablate study ... --failed" in told
    assert f"records: {torn}.json: not whole JSON is left out" in told


def test_what_runs_is_told_while_somebody_holds_the_folder(again: Path):
    (again / ".progress.json").write_text(
        json.dumps({"runs": RUNS + 6, "workers": 2, "running": [{"arm": "focal", "what": "trial 3"}]})
    )
    assert of_folder(again).running == ()  # whoever wrote that is gone
    with lock(again):
        found = of_folder(again)
    assert found.running == (Running("focal", "trial 3"),)
    assert "running: focal, trial 3" in found.lines()


def test_time_left_is_that_of_the_runs_made_so_far():
    made = [{"status": "finished", "measured": {"seconds": s}} for s in (10.0, 20.0)]
    told = Running("focal", "trial 3", step=7, seconds=65.0, worker="node:1", attempt=2, alive=False)
    found = status("s", made, 10, (told,), workers=2, steps=25)
    assert found.seconds_left == 8 * 15 / 2
    assert found.lines() == [
        "s: 2 of 10 runs done (2 finished); about 60 s left",
        "running: focal, trial 3, step 7 of 25, for 65 s, by node:1, attempt 2; its worker is not heard of, "
        "and the run will be taken over",
    ]
    assert status("s", [], 10, (), workers=2).seconds_left is None
    assert status("s", made, 10, (), workers=0).seconds_left is None
    assert status("s", made, None, (), workers=0).lines()[0] == "s: 2 runs done (2 finished)"


WHOLE = f"small: {RUNS} of {RUNS} runs done ({RUNS} finished)"


@pytest.mark.parametrize("progress", ["{", None, json.dumps({"runs": RUNS + 4, "workers": 1, "running": []})])
def test_a_complete_study_is_complete_whatever_its_driver_has_left(again: Path, progress: str | None):
    (again / ".progress.json").unlink(missing_ok=True)
    if progress is not None:
        (again / ".progress.json").write_text(progress)
    assert of_folder(again).lines() == [WHOLE]


def test_a_study_that_lacks_any_run_at_all_is_not_complete(again: Path):
    (again / ".progress.json").unlink(missing_ok=True)
    for file in sorted((again / "records").glob("*.json")):
        aside = file.rename(file.with_suffix(".aside"))
        assert of_folder(again).lines()[1:] == [NOTHING], file.name
        aside.rename(file)
    assert of_folder(again).lines() == [WHOLE]


@pytest.mark.parametrize("change", [("seeds = 2", "seeds = 3"), ("trials = 2", "trials = 3"), ('"focal"', '"softmax"')])
def test_a_study_that_is_to_be_extended_is_not_complete(again: Path, change: tuple[str, str]):
    (again / ".progress.json").unlink(missing_ok=True)
    plan = again / "study.toml"
    plan.write_text(plan.read_text().replace(*change))
    assert of_folder(again).lines()[1:] == [NOTHING]


@pytest.mark.parametrize("change", [("strategies", "parts"), ("trials = 2", 'trials = "many"')])
def test_a_plan_that_does_not_tell_what_is_missing_says_so(again: Path, change: tuple[str, str]):
    (again / ".progress.json").unlink(missing_ok=True)
    plan = again / "study.toml"
    plan.write_text(plan.read_text().replace(*change))
    assert of_folder(again).lines() == [f"small: {RUNS} runs done ({RUNS} finished)", UNKNOWN]


def test_arms_whose_trials_have_failed_and_those_without_a_parameter_are_complete():
    def body(
        arm: str, phase: str, seed: int, trial: int | None = None, failed: bool = False, **parameters: float
    ) -> dict:
        told = {"phase": phase, "seed": seed, "strategy": {"name": arm, **parameters}}
        ended = {"status": "failed", "validation": {}} if failed else {"status": "finished"}
        figures = {"validation": {"balanced_recall": 0.5}, **ended}
        return {
            "arm": arm,
            "kind": "strategy",
            "trial": trial,
            "parameters": parameters,
            "identity": told,
            **figures,
        } | {"key": f"{arm}{phase}{seed}{trial}"}

    beside = [{"arm": name, "kind": "control", "identity": {"phase": "confirm"}} for name in CONTROLS_OF_CATALOG]
    plan = {"data": "mails.csv", "strategies": ["a"], "trials": 2, "seeds": 1}
    broken = [body("a", "tune", 1000, trial, failed=True, x=float(trial)) for trial in range(2)]
    assert complete(plan, [*beside, *broken]) is True
    assert complete(plan, [*beside, *broken[:1]]) is False
    assert complete(plan, [*beside[1:], *broken]) is False
    still = [body("a", "tune", 1000, 0, x=1.0), body("a", "confirm", 0, x=1.0)]
    assert complete(plan, [*beside, *still]) is False  # x was to be tuned
    for fixed in ("x", "a.x"):
        assert complete({**plan, "set": {fixed: 1.0}}, [*beside, *still]) is True
    assert complete({**plan, "set": {"x": 1.0}, "data": "synthetic:quickstart"}, [*beside, *still]) is False  # ceilings


def test_what_a_complete_study_is_has_not_drifted_from_what_a_study_makes():
    assert (CONTROLS_OF_COMPLETE, CEILINGS_OF_COMPLETE) == (CONTROLS_OF_CATALOG, CEILINGS_OF_CATALOG)
    assert (complete_module.RESCORED, complete_module.RESCORING_SEEDS) == (estimate.RESCORED, estimate.RESCORING_SEEDS)


def test_a_study_in_a_database(finished: Path, tmp_path, cache: Path, postgres: Server, capsys):
    shutil.copytree(finished, tmp_path / "out")
    study(plan(tmp_path / "out", cache, storage=postgres.url, name=str(tmp_path), workers=0), Seen())
    found = of_database(postgres.url, str(tmp_path))
    assert (found.runs, found.ended, found.running) == (RUNS, {"finished": RUNS}, ())
    show(postgres.url, str(tmp_path), "json")
    assert json.loads(capsys.readouterr().out)["runs"] == RUNS
    with pytest.raises(AblateError, match="has no study"):
        of_database(postgres.url, "nowhere")


def test_mistakes(tmp_path):
    with pytest.raises(AblateError, match=r"is not the output folder of a study: it has no study\.toml"):
        of_folder(tmp_path)
    with pytest.raises(AblateError, match=r"^--format xml: give table or json"):
        show(str(tmp_path), None, "xml")


def test_nothing_heavy_is_imported_for_a_folder(finished: Path):
    code = (
        "import sys; from ablate.study.status_command import show; show(sys.argv[1], None, 'table');"
        "assert not {'torch', 'optuna', 'transformers', 'sqlalchemy'} & set(sys.modules), sorted(sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code, str(finished)], capture_output=True, text=True, check=True)
    assert told.stdout == f"small: {RUNS} of {RUNS} runs done ({RUNS} finished)\n"


def test_failed_runs_are_made_again_and_no_others(again: Path, finished: Path, cache: Path):
    failed = {fail(again, "focal", "confirm"), fail(again, "as-asked", "tune", trial=0)}
    (again / "records" / f"{rescored(again)}.json").unlink()  # missing, not failed
    before = contents(again / "records")
    seen = Seen()
    study(plan(again, cache, failed=True), seen)
    assert {b["key"] for b in seen.fresh} == failed
    assert seen.announced == len(failed)
    after = contents(again / "records")
    assert {name for name in after if after[name] != before.get(name)} == {
        *(f"{key}.json" for key in failed),
        *(f"{key}.npz" for key in failed if (finished / "records" / f"{key}.npz").exists()),
    }
    assert {path.stem for path in (again / "failed").iterdir()} == failed
    assert Records(again / "failed").read(next(iter(failed)))["reason"] == REASON
    study(plan(again, cache), Seen())
    assert timeless(again) == timeless(finished)
    assert {row["runs_failed"] for row in rows(again).values()} == {0}


def rescored(out: Path) -> str:
    return next(
        b["key"] for b in bodies(out) if b["identity"]["phase"] == "tune" and b["trial"] is None and b["arm"] == "focal"
    )


def test_where_no_run_has_failed_none_is_made(again: Path, cache: Path):
    seen = Seen()
    study(plan(again, cache, failed=True), seen)
    assert seen.fresh == []
    assert "failed: no run has failed" in seen.said


def test_a_failed_run_that_this_study_cannot_make_stays(again: Path, cache: Path):
    key = fail(again, "focal", "confirm")
    (again / "study.toml").write_text((again / "study.toml").read_text().replace('["focal"]', "[]"))
    seen = Seen()
    study(plan(again, cache, failed=True, strategies=[]), seen)
    assert seen.fresh == []
    assert Records(again / "records").read(key)["status"] == "failed"
