"""The commands that show a study: on a terminal, in a pipe, as documents."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from small_study import BOARDS, Seen, contents, options, plan

from ablate.cli import main
from ablate.errors import AblateError
from ablate.results.show import show
from ablate.study.command import run
from ablate.study.conduct import prepare

COLOUR = re.compile(r"\x1b\[[0-9;]*(3[0-7]|9[0-7]|38;|48;)[0-9;]*m")
CODE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def at_terminal(arguments: list[str], columns: int, **environment: str) -> tuple[int, str]:
    """Exit code and everything shown of a command on a terminal of so many columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    inherited = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS", "LINES", "FORCE_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-m", "ablate", *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**inherited, "TERM": "xterm-256color", "OMP_NUM_THREADS": "1", **environment},
    )
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 65536):
            shown += part
    except OSError:  # Linux's way to say that the other end is closed
        pass
    os.close(ours)
    return process.wait(timeout=60), shown.decode().replace("\r\n", "\n")


def printed(capsys: pytest.CaptureFixture[str], folder: Path, format: str, wide: bool = False) -> str:
    show(folder, format, wide)
    return capsys.readouterr().out


def test_a_board_on_a_narrow_terminal_is_as_narrow_and_in_colour(finished: Path):
    code, shown = at_terminal(["leaderboard", str(finished)], 60)
    assert code == 0
    assert COLOUR.search(shown) or "\x1b[1m" in shown
    lines = CODE.sub("", shown).splitlines()
    assert max(len(line) for line in lines) <= 60
    assert any(line.startswith("1 ") for line in lines)
    assert any("baseline" in line for line in lines)


def test_no_color_on_a_terminal_means_no_colour(finished: Path):
    code, shown = at_terminal(["leaderboard", str(finished)], 100, NO_COLOR="1")
    assert code == 0
    assert not COLOUR.search(shown)


def test_a_study_on_a_terminal_ends_with_its_board(again: Path, cache: Path):
    before = contents(again / "records")
    code, shown = at_terminal(["study", str(again / "study.toml"), "--cache", str(cache)], 60)
    lines = CODE.sub("", shown).splitlines()
    assert code == 0
    assert any(line.startswith("1 ") for line in lines)
    assert max(len(line) for line in lines) <= 60
    assert contents(again / "records") == before


def test_a_pipe_gets_no_control_codes_and_a_hundred_columns(finished: Path):
    inherited = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS", "FORCE_COLOR")}
    process = subprocess.run(
        [sys.executable, "-m", "ablate", "leaderboard", str(finished)],
        capture_output=True,
        text=True,
        env={**inherited, "TERM": "xterm-256color"},
        timeout=120,
    )
    assert (process.returncode, process.stderr) == (0, "")
    assert "\x1b" not in process.stdout
    assert max(len(line) for line in process.stdout.splitlines()) <= 100


def test_reading_a_board_imports_no_torch_no_transformers_and_no_optuna(finished: Path):
    code = (
        "import sys\nfrom ablate.cli import main\n"
        f"sys.argv = ['ablate', 'leaderboard', {str(finished)!r}]\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "print([name for name in ('torch', 'transformers', 'optuna') if name in sys.modules], file=sys.stderr)\n"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert process.stderr == "[]\n"
    assert "baseline" in process.stdout


def test_a_reader_that_leaves_early_is_no_error(finished: Path):
    command = f"{sys.executable} -m ablate leaderboard {finished} --format json | head -c 10"
    process = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=120)
    assert (len(process.stdout), process.stderr) == (10, "")


@pytest.mark.parametrize(("format", "file"), [("md", BOARDS[0]), ("csv", BOARDS[1]), ("json", BOARDS[2])])
def test_a_board_is_printed_as_the_document_that_was_written(finished: Path, format: str, file: str, capsys):
    assert printed(capsys, finished, format) == (finished / file).read_text()


def test_documents_can_be_read_by_what_reads_their_kind(finished: Path, capsys):
    names = {row["strategy"] for row in json.loads(printed(capsys, finished, "json"))["rows"]}
    assert {row["strategy"] for row in csv.DictReader(io.StringIO(printed(capsys, finished, "csv")))} == names
    latex = printed(capsys, finished, "tex")
    assert latex.startswith("\\begin{tabular}")
    assert latex.count("{") == latex.count("}")
    assert names <= {line.split("|")[2].strip() for line in printed(capsys, finished, "md").splitlines() if "|" in line}


@pytest.mark.parametrize("format", ["table", "md", "tex"])
def test_wide_shows_more_columns(finished: Path, format: str, capsys):
    narrow, wide = (printed(capsys, finished, format, wide) for wide in (False, True))
    assert max(map(len, wide.splitlines())) > max(map(len, narrow.splitlines()))
    assert "\x1b" not in wide


def test_files_that_are_no_records_are_named_beside_the_board(again: Path, capsys):
    (again / "records" / "notes.json").write_text("{}")
    show(again, "table", False)
    out, err = capsys.readouterr()
    assert "baseline" in out
    assert err == "records: notes.json: not a record of schema 1; it is left out\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("FOLDER", "jsn"), r"unknown format 'jsn'; did you mean 'json'\? \(known: table, md, csv, json, tex\)"),
        (("nowhere", "table"), "'nowhere' is not the output folder of a study: it has no study.toml"),
    ],
)
def test_what_cannot_be_shown_is_said(finished: Path, arguments: tuple[str, str], message: str):
    folder, format = arguments
    with pytest.raises(AblateError, match=message):
        show(finished if folder == "FOLDER" else Path(folder), format, False)


def command(monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> int:
    monkeypatch.setattr(sys, "argv", ["ablate", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0)


def test_a_dry_run_says_what_would_run_and_writes_nothing(tmp_path, cache: Path, monkeypatch, capsys):
    out = tmp_path / "out"
    arguments = ["study", *options({"out": str(out), "cache": str(cache)}), "--dry-run"]
    assert command(monkeypatch, arguments) == 0
    said = capsys.readouterr().out
    assert not out.exists()
    for expected in (
        "arms: 3",
        "  focal (head.dropout, loss.gamma, optimizer.scale)",
        "runs: 24, of 25 steps each (600 steps)",  # 3 arms of 2 trials, 2 of them on 2 more seeds, 2 fresh seeds
        f"output folder: {out}",
    ):
        assert expected in said.splitlines()
    assert re.search(r"estimate: \d+\.\d s a run, .* in all", said)


def test_a_quiet_study_prints_its_board_alone(again: Path, cache: Path, monkeypatch, capsys):
    assert command(monkeypatch, ["study", *options({"out": str(again), "cache": str(cache)}), "--quiet"]) == 0
    quiet = capsys.readouterr()
    show(again, "table", False)
    assert (quiet.out, quiet.err) == (capsys.readouterr().out, "")


def test_a_study_in_a_pipe_says_what_it_settled_and_then_its_board(again: Path, cache: Path, capsys):
    run(again / "study.toml", {"cache": str(cache), "seeds": 3}, [])
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0].startswith("device: cpu (")
    assert "plan: 3 arms x (2 trials + 3 fresh seeds), 25 steps of 32 documents, full bag" in lines
    assert "8 runs were there already" in lines  # the first arm's
    assert len([line for line in lines if ", fresh seed 2: macro " in line]) == 3
    assert err == ""
    assert "\x1b" not in out
    show(again, "table", False)
    assert out.endswith(capsys.readouterr().out)


def test_the_number_of_trials_is_settled_by_a_timing_probe_and_said(tmp_path, cache: Path):
    seen = Seen()
    ready = prepare(plan(tmp_path / "out", cache, trials=None, seeds=None), seen)
    assert ready.settled["trials"] in (24, 16, 12, 9, 5, 1)
    assert ready.settled["seeds"] == 3
    (said,) = [line for line in seen.said if line.startswith("trials: ")]
    assert said.startswith(f"trials: {ready.settled['trials']} for each arm (a run takes about")
