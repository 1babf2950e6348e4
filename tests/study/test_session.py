"""``study`` from Python: its options, its frame, and the line of a notebook."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from jsonschema import Draft202012Validator
from rich.console import Console
from small_study import PLAN, board

from ablate.errors import AblateError
from ablate.results import leaderboard
from ablate.results.record import rounded
from ablate.results.schemas import schema
from ablate.study import study
from ablate.study.display import display
from ablate.study.one_line import OneLine
from ablate.study.screen import Screen
from ablate.study.view import Lines, Quiet


def test_the_package_gives_the_function_and_its_modules_without_torch():
    code = (
        "import sys\nimport ablate.study.plan, ablate.results.board\n"
        "from ablate.results import leaderboard, audit, diagnose\n"
        "assert callable(leaderboard) and callable(audit) and callable(diagnose)\n"
        "assert not {'torch', 'transformers', 'optuna'} & set(sys.modules)\n"
        "from ablate.study import study\nimport ablate.study.conduct\nfrom ablate.study import study as again\n"
        "assert callable(study) and again is study\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_a_study_of_keywords_is_that_of_the_command(again, cache, capsys):
    out = Path(again)
    before = board(out)
    frame = study(**PLAN, out=out, cache=cache)
    assert board(out) == before  # every run was there: none is made again
    assert "[" not in capsys.readouterr().out.partition("plan:")[2]
    assert list(frame.index) == [row["strategy"] for row in before["rows"]]
    for row in before["rows"]:
        found = frame.loc[row["strategy"]]
        level = row["macro_recall_at_budget"]
        assert rounded([found["macro_recall"], found["macro_recall_low"]]) == [level["mean"], level["low"]]
        assert (pd.isna(found["rank"]) and row["rank"] is None) or found["rank"] == row["rank"]
        assert (pd.isna(found["better"]) and row["better"] is None) or found["better"] == row["better"]
    assert frame.attrs["folder"] == str(out)
    assert "macro recall" in frame.attrs["verdict"]
    pd.testing.assert_frame_equal(frame, leaderboard(out))
    assert frame.attrs == leaderboard(out).attrs


def test_wide_frames_have_every_figure_and_tags_choose_rows(finished):
    wide = leaderboard(finished, wide=True)
    rows = {row["strategy"]: row for row in board(finished)["rows"]}
    assert (
        rounded(float(wide.loc["focal", "at_half.alarms_per_document"]))
        == rows["focal"]["at_half"]["alarms_per_document"]
    )
    some = leaderboard(finished, tag="loss")
    assert "as-asked" not in some.index
    assert {"focal", "baseline", "prior-only"} <= set(some.index)
    assert "advice" not in some.attrs


def test_what_a_study_writes_keeps_to_its_schemas(finished):
    for name in ("leaderboard", "recommendation"):
        Draft202012Validator(schema(name)).validate(json.loads((finished / f"{name}.json").read_bytes()))


def test_a_dry_run_prints_and_writes_nothing(tmp_path, cache, capsys):
    frame = study(**PLAN, out=tmp_path / "new", cache=cache, dry_run=True)
    assert "output folder" in capsys.readouterr().out
    assert frame.empty
    assert "macro_recall" in frame.columns
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"stratgies": ["focal"]}, r"study\(\): unknown key 'stratgies'; did you mean 'strategies'"),
        ({"steps": 1}, r"study\(\): steps: .*not 1"),
        ({"plan": "missing.toml"}, "study file 'missing.toml' does not exist"),
    ],
)
def test_mistakes_name_the_option(options, told):
    with pytest.raises(AblateError, match=told):
        study(**options)


def test_no_folder_is_a_mistake():
    with pytest.raises(AblateError, match="no output folder is given"):
        leaderboard()


def told(arm: str, status: str = "finished", reason: str = "") -> dict:
    figures = {"macro_recall": 0.25, "micro_recall": 0.5}
    return {"arm": arm, "status": status, "reason": reason, "validation": figures, "measured": {"seconds": 2.0}}


def seen(text: str) -> list[str]:
    """The lines that a terminal or a notebook shows: a carriage return starts the line again."""
    shown = []
    for line in text.split("\n"):
        cells: list[str] = []
        for part in line.split("\r"):
            cells[: len(part)] = part
        shown.append("".join(cells).rstrip())
    return shown


def test_a_notebook_has_one_line_that_is_written_over():
    stream = io.StringIO()
    line = OneLine(stream)
    line.say("data: 400 documents")
    line.total(3)
    line.begin("a-strategy-with-a-long-name", "trial 0", 25)
    line.end(told("a-strategy-with-a-long-name"), fresh=True)
    line.begin("focal", "trial 1", 25)
    line.end(told("focal", "failed", "its loss is not finite"), fresh=True)
    line.begin("focal", "seed 0", 25)
    line.end(told("focal"), fresh=True)
    line.close()
    assert seen(stream.getvalue()) == [
        "data: 400 documents",
        "focal, trial 1: failed, its loss is not finite",
        "3 of 3 runs: focal, seed 0: macro 0.250, micro 0.500 on validation",
        "",
    ]
    assert "1 of 3 runs, about 4 s left: a-strategy" in stream.getvalue()


def test_the_display_suits_the_place():
    def kind(quiet: bool = False, **console: bool) -> type:
        with display(Console(file=io.StringIO(), **console), quiet) as view:
            return type(view)

    assert kind() is Lines
    assert kind(quiet=True) is Quiet
    assert kind(force_terminal=True, force_jupyter=False) is Screen
    assert kind(force_jupyter=True) is OneLine
