"""A mistake of the user is one line on standard error and exit code 2; nothing is written."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SMALL = ["--documents", "400", "--backbone", "bag", "--steps", "25", "--threads", "1", "--out", "out", "--cache", "c"]


def refused(said, message: str) -> None:
    """One line that starts with "error:", holds the message, and is no traceback."""
    assert said.code == 2
    (line,) = said.err.splitlines()
    assert line.startswith("error: ")
    assert message in line
    assert "Traceback" not in said.out + said.err
    assert not Path("out").exists()
    assert not Path("results").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--strategies", "focl"], "unknown strategy 'focl'; did you mean 'focal'? (see them all with: python -m"),
        (["--strategies", "focal,zebra"], "unknown strategy 'zebra' (see them all with"),
        (["--parts", "focal,focl"], "unknown strategy 'focl'; did you mean 'focal'?"),
        (["--parts", "focal,softmax", "--design", "pairwse"], "unknown design 'pairwse'; did you mean 'pairwise'?"),
        (["--parts", "focal,softmax", "--design", "pairwise"], "'focal' and 'softmax' both set the factor loss"),
        (
            ["--parts", "deferred-reweighting,pos-weight-sqrt", "--design", "pairwise"],
            "'pos-weight-sqrt' sets the factor weighting, and a later stage of 'deferred-reweighting' sets it again",
        ),
        (["--parts", "focal", "--design", "serch"], "unknown design 'serch'; did you mean 'search'?"),
        (["--design", "search"], "design 'search' combines parts; give --parts a,b,c or --parts all"),
        (["--parts", "focl", "--design", "search"], "unknown strategy 'focl'; did you mean 'focal'?"),
        (["--parts", "lora,last-layers", "--design", "search"], "no part can be searched (lora is left out: bag has"),
        (["--parts", "all", "--design", "pairwise"], "unknown strategy 'all'"),
        (["--design", "pairwise"], "design 'pairwise' combines parts; give --parts a,b,c"),
        (["--strategies", "focal", "--parts", "focal"], "strategies and parts exclude each other"),
        (["--base", "head-onl"], "base: input should be 'full', 'head-only' or 'last-layers', not 'head-onl'"),
        (["--backbone", "robrta-base"], "backbone 'robrta-base' is not in the local cache"),
        (["--backbone", "no/such/folder"], "backbone 'no/such/folder': no such folder; give a folder"),
        (["--device", "tpu"], "unknown device 'tpu'; give cpu, cuda or cuda:0"),
        (["--device", "cuda:99"], "device 'cuda:99' is not there"),
        (["--set", "optimizer.scal=2"], "no arm has this parameter; did you mean 'optimizer.scale'?"),
        (["--set", "optimizer.scale=2000"], "optimizer.scale = 2000 lies outside its range 0.1 to 10 (log)"),
        (["--set", "optimizer.scale"], "--set optimizer.scale: give KEY=VALUE"),
        (["--set", "steps=many"], "steps: input should be a valid integer"),
        (["--rho", "-1"], "rho: input should be greater than 0, not -1.0"),
        (["--rho", "inf"], "rho: input should be a finite number, not inf"),
        (["--rho", "1", "--alarms-per-document", "2"], "rho and alarms_per_document exclude each other"),
        (["--steps", "3"], "steps: input should be greater than or equal to 25, not 3"),
        (["--documents", "60"], "quickstart: 60 documents are too few; give 334 or more"),
        (["--data", "mails.csv"], "no such file: mails.csv"),
        (["--data", "synthetic:quikstart"], "no such preset; did you mean 'quickstart'?"),
        (["--plugin", "mine.py"], "plugin file 'mine.py' does not exist"),
        (["--max-length", "9000"], "max_length: input should be less than or equal to 8192, not 9000"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(ablate, options: list[str], message: str):
    refused(ablate("study", *SMALL, *options), message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("stepps = 50", "plan.toml: unknown key 'stepps'; did you mean 'steps'?"),
        ("steps = 'many'", "plan.toml: steps: input should be a valid integer"),
        ("steps = ", "study file 'plan.toml' is not TOML: Invalid value (at"),
        ("set = 3", "plan.toml: set: input should be a valid dictionary, not 3"),
        ("[set]\n'optimizer.scal' = 2", "optimizer.scal: no arm has this parameter; did you mean 'optimizer.scale'?"),
        (
            "[set.optimizer]\nscale = 2",
            "plan.toml: set.optimizer.float: input should be a valid number, not {'scale': 2}",
        ),
        ("strategies = 'focal'", "plan.toml: strategies: input should be a valid list, not 'focal'"),
        ("rho = 1\nalarms_per_document = 2", "plan.toml: rho and alarms_per_document exclude each other"),
    ],
)
def test_a_study_file_that_makes_no_sense_is_refused(ablate, tmp_path, content: str, message: str):
    (tmp_path / "plan.toml").write_text(content)
    refused(ablate("study", "plan.toml", *SMALL[:4], "--cache", "c"), message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["study", "plan.toml"], "study file 'plan.toml' does not exist; give a .toml file"),
        (["study", "."], "'.' is a folder; give its study.toml"),
        (["leaderboard", "nowhere"], "'nowhere' is not the output folder of a study: it has no study.toml"),
        (["leaderboard", "nowhere", "--format", "jsn"], "unknown format 'jsn'; did you mean 'json'?"),
        (["leaderboard", "nowhere", "--decisions"], "'nowhere' is not the output folder of a study"),
        (["leaderboard", "nowhere", "--decisions", "--format", "csv"], "unknown format 'csv' with --decisions (known:"),
        (["strategies", "focl"], "unknown strategy 'focl'; did you mean 'focal'?"),
        (["strategies", "--format", "xml"], "unknown format 'xml'; give table or json"),
        (["strategies", "--plugin", "mine.py"], "plugin file 'mine.py' does not exist"),
        (["data", "mails.csv"], "no such file: mails.csv"),
        (["data", "synthetic:quickstart", "--split-seed", "-1"], "--split-seed is -1; give 0 or more"),
    ],
)
def test_what_is_not_there_is_named(ablate, arguments: list[str], message: str):
    refused(ablate(*arguments), message)


def test_a_file_without_the_columns_is_refused_with_the_near_match(ablate, tmp_path):
    (tmp_path / "mails.jsonl").write_text(json.dumps({"texts": "hello", "labels": ["a"]}) + "\n")
    said = ablate("study", *SMALL[2:], "--data", "mails.jsonl")
    refused(said, "mails")
    assert "did you mean 'texts'?" in said.err


@pytest.mark.parametrize("arguments", [["study", "--steps", "abc"], ["study", "--stepz", "3"], ["no-such-command"]])
def test_what_the_command_line_itself_cannot_read_has_code_2_too(ablate, arguments: list[str]):
    said = ablate(*arguments)
    assert said.code == 2
    assert said.err
    assert "Traceback" not in said.err
    assert "\x1b" not in said.out + said.err


def test_a_fresh_process_says_the_same():
    done = subprocess.run(
        [sys.executable, "-m", "ablate", "study", "missing.toml"], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: study file 'missing.toml' does not exist; give a .toml file\n"
