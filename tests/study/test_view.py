"""What a person sees while a study runs."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from ablate.study.screen import Screen
from ablate.study.view import Clock, Lines, View, duration, outcome

FINISHED = {
    "arm": "focal",
    "status": "finished",
    "validation": {"macro_recall": 0.4123, "micro_recall": 0.5},
    "measured": {"seconds": 30.0},
}
PRUNED = {**FINISHED, "status": "pruned", "reason": "stopped at step 9: behind"}
FAILED = {**FINISHED, "status": "failed", "reason": "the loss was not finite at step 3"}


def terminal(width: int = 60) -> tuple[Console, io.StringIO]:
    stream = io.StringIO()
    return Console(file=stream, force_terminal=True, width=width, height=20, color_system="standard"), stream


def pipe() -> tuple[Console, io.StringIO]:
    stream = io.StringIO()
    return Console(file=stream, force_terminal=False, width=40), stream


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def test_a_pipe_gets_one_line_for_each_fresh_run():
    console, stream = pipe()
    lines = Lines(console)
    lines.total(4)
    for what, body in (("trial 0", FINISHED), ("trial 1", PRUNED), ("fresh seed 0", FAILED)):
        lines.begin("focal", what, 50)
        lines.step(1)
        lines.point(0.1, 0.2)
        lines.end(body, fresh=True)
    assert stream.getvalue().splitlines() == [
        "[1/4] focal, trial 0: macro 0.412, micro 0.500 on validation (30.0 s, 2 min left)",
        "[2/4] focal, trial 1: stopped at step 9: behind (30.0 s, 60 s left)",
        "[3/4] focal, fresh seed 0: failed, the loss was not finite at step 3 (30.0 s, 30 s left)",
    ]


def test_runs_that_were_there_already_are_counted_and_not_told_one_by_one():
    console, stream = pipe()
    lines = Lines(console)
    lines.total(3)
    for fresh in (False, False, True):
        lines.begin("focal", "trial 0", 50)
        lines.end(FINISHED, fresh)
    first, second = stream.getvalue().splitlines()
    assert first == "2 runs were there already"
    assert second == "[3/3] focal, trial 0: macro 0.412, micro 0.500 on validation (30.0 s)"


def test_a_line_is_printed_as_it_is():
    console, stream = pipe()
    text = "strange [bold]words[/bold] and \\[more] of a length that is beyond the width of the pipe, 3.5 [1]"
    Lines(console).say(text)
    assert stream.getvalue() == text + "\n"


def test_the_screen_shows_arm_trial_step_recall_and_time_left():
    console, stream = terminal()
    screen = Screen(console)
    screen.total(4)
    with screen.open():
        screen.begin("focal", "trial 0", 50)
        assert "measuring how long a run takes" in plain(stream.getvalue())
        screen.end(FINISHED, fresh=True)
        screen.begin("focal", "trial 1", 50)
        screen.step(7)
        screen.point(0.25, 0.375)
        shown = plain(stream.getvalue())
    for expected in ("focal, trial 1", "run 2 of 4", "step 7 of 50", "macro 0.250  micro 0.375", "about 2 min left"):
        assert expected in shown
    assert "focal, trial 0: macro 0.412, micro 0.500" in shown


def test_the_screen_never_shows_more_runs_than_there_are():
    console, stream = terminal()
    screen = Screen(console)
    screen.total(1)
    with screen.open():
        screen.begin("focal", "trial 0", 50)
        screen.end(FINISHED, fresh=True)
        screen.begin("focal", "trial 0", 50)
    assert "run 1 of 1" in plain(stream.getvalue())
    assert "run 2 of 1" not in plain(stream.getvalue())


def test_the_screen_takes_names_with_brackets_as_they_are():
    console, stream = terminal()
    screen = Screen(console)
    with screen.open():
        screen.say("[bold]a note[/bold]")
        screen.begin("[red]arm[/red]", "[i]trial", 5)
        screen.end({**FAILED, "arm": "[/red]"}, fresh=True)
        screen.point(0.1, 0.1)
    assert "[red]arm[/red], [i]trial" in plain(stream.getvalue())
    assert "[bold]a note[/bold]" in plain(stream.getvalue())


def test_the_screen_shows_how_far_the_encoding_is():
    console, stream = terminal()
    screen = Screen(console)
    with screen.open():
        screen.encoding(64, 4000)
        assert "encoding documents once: 64 of 4,000" in plain(stream.getvalue())
        screen.encoding(4000, 4000)
        screen.begin("focal", "trial 0", 5)
    assert "focal, trial 0" in plain(stream.getvalue())


@pytest.mark.parametrize("width", [20, 60, 200])
def test_the_screen_draws_at_any_width(width: int):
    console, stream = terminal(width)
    screen = Screen(console)
    screen.total(10)
    with screen.open():
        screen.begin("a-strategy-with-a-rather-long-name", "rescoring 1001", 12345)
        screen.step(12000)
        screen.point(0.5, 0.5)
        screen.end(FINISHED, fresh=True)
    assert max(len(line) for line in plain(stream.getvalue()).splitlines()) <= width


@pytest.mark.parametrize("view", [View(), Screen(Console(file=io.StringIO()))])
def test_a_view_that_is_not_shown_prints_nothing(view: View, capsys):
    view.total(3)
    view.encoding(1, 2)
    view.begin("focal", "trial 0", 5)
    view.step(1)
    view.point(0.1, 0.2)
    view.end(FINISHED, fresh=False)
    if type(view) is View:
        view.say("a note")
    assert capsys.readouterr() == ("", "")


def test_time_left_is_of_the_runs_that_were_really_made():
    clock = Clock()
    clock.runs = 10
    assert clock.left() is None
    clock.count(FINISHED, fresh=False)
    assert clock.left() is None
    clock.count({**FINISHED, "measured": {"seconds": 10.0}}, fresh=True)
    clock.count(FINISHED, fresh=True)
    assert clock.left() == 7 * (10 + 30) / 2


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.4, "0 s"), (89, "89 s"), (90, "2 min"), (600, "10 min"), (5399, "90 min"), (5400, "1.5 h"), (36000, "10.0 h")],
)
def test_durations_are_said_as_a_person_says_them(seconds: float, expected: str):
    assert duration(seconds) == expected


def test_an_outcome_is_said_in_a_few_words():
    assert outcome(FINISHED) == "macro 0.412, micro 0.500 on validation"
    assert outcome(FAILED) == "failed, the loss was not finite at step 3"
    assert outcome(PRUNED) == "stopped at step 9: behind"


def test_a_pipe_tells_the_runs_of_all_workers_by_their_own_names():
    console, stream = pipe()
    lines = Lines(console)
    lines.total(4)
    one, other = lines.worker(0), lines.worker(1)
    one.begin("focal", "trial 0", 50)
    other.begin("softmax", "trial 1", 50)
    other.end({**FINISHED, "arm": "softmax"}, fresh=True)
    one.end(FINISHED, fresh=True)
    assert stream.getvalue().splitlines() == [
        # three runs of 30 s are left for two workers, then two
        "[1/4] softmax, trial 1: macro 0.412, micro 0.500 on validation (30.0 s, 45 s left)",
        "[2/4] focal, trial 0: macro 0.412, micro 0.500 on validation (30.0 s, 30 s left)",
    ]


def test_the_screen_has_a_line_for_each_worker():
    console, stream = terminal()
    screen = Screen(console)
    screen.total(9)
    with screen.open():
        one, other = screen.worker(0), screen.worker(1)
        one.begin("focal", "trial 0", 50)
        one.step(7)
        one.point(0.25, 0.375)
        other.begin("softmax", "trial 1", 60)
        other.step(9)
        other.point(0.5, 0.625)
        shown = plain(stream.getvalue())
    for expected in ("focal, trial 0  macro 0.250  micro 0.375", "step 7 of 50", "runs 1 to 2 of 9"):
        assert expected in shown
    for expected in ("softmax, trial 1  macro 0.500  micro 0.625", "step 9 of 60"):
        assert expected in shown


def test_before_the_first_run_the_time_left_is_what_was_expected():
    clock = Clock()
    clock.runs, clock.expected, clock.workers = 10, 12.0, 2
    assert clock.left() == 10 * 12 / 2
    clock.count(FINISHED, fresh=True)
    assert clock.left() == 9 * 30 / 2
    console, stream = terminal()
    screen = Screen(console)
    screen.total(4)
    screen.expect(60.0)
    with screen.open():
        screen.begin("focal", "trial 0", 50)
    assert "about 4 min left" in plain(stream.getvalue())
