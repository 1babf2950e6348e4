"""What a person sees of a study on a terminal: a live display, a line for each worker."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ablate.study.view import Clock, View, duration, outcome

REDRAW_SECONDS = 0.1


class Screen(View):
    """A live display: arm, trial, step and recall at budget of each worker, time left."""

    def __init__(self, console: Console) -> None:
        self._console, self._clock = console, Clock()
        self._lanes: dict[int, _Lane] = {}
        self._last = self._encoding = ""
        self._live: Live | None = None
        self._shown = 0.0

    @contextmanager
    def open(self) -> Iterator[None]:
        """Show the display while the block runs."""
        with Live(console=self._console, auto_refresh=False, transient=True) as live:
            self._live = live
            yield
        self._live = None

    def say(self, text: str) -> None:
        """Print a line above the display."""
        self._console.print(text, markup=False, highlight=False)

    def total(self, runs: int) -> None:
        """Remember the number of runs."""
        self._clock.runs = runs

    def expect(self, seconds: float) -> None:
        """Remember how long a run takes."""
        self._clock.expected = seconds

    def encoding(self, done: int, total: int) -> None:
        """Show how far the encoding is."""
        self._encoding = "" if done >= total else f"encoding documents once: {done:,} of {total:,}"
        self.draw()

    def begin(self, arm: str, what: str, steps: int) -> None:
        """Show which run it is."""
        self.worker(0).begin(arm, what, steps)

    def step(self, step: int) -> None:
        """Move the bar."""
        self.worker(0).step(step)

    def point(self, macro: float, micro: float) -> None:
        """Show live recall."""
        self.worker(0).point(macro, micro)

    def end(self, body: dict[str, Any], fresh: bool) -> None:
        """Keep the last outcome in sight."""
        self.worker(0).end(body, fresh)

    def worker(self, number: int) -> View:
        """The line of one worker."""
        self._clock.workers = max(self._clock.workers, number + 1)
        return self._lanes.setdefault(number, _Lane(self))

    def ended(self, what: str, body: dict[str, Any], fresh: bool) -> None:
        """Take in that a run has ended, whoever made it."""
        self._clock.count(body, fresh)
        self._last = f"{body['arm']}, {what}: {outcome(body)}"
        self.draw()

    def draw(self, now: bool = False) -> None:
        """Show the display as it is now, though not too often."""
        if self._live is None or (not now and time.monotonic() - self._shown < REDRAW_SECONDS):
            return
        self._shown = time.monotonic()
        self._live.update(self._picture(), refresh=True)

    def _picture(self) -> Group | Text:
        if self._encoding:
            return Text(self._encoding)
        lanes = [lane for _, lane in sorted(self._lanes.items())]
        first, last = (min(self._clock.done + n, self._clock.runs) for n in (1, sum(lane.runs for lane in lanes) or 1))
        grid = Table.grid(padding=(0, 1))
        grid.add_row("study", _bar(self._clock.done, self._clock.runs), _runs(first, last, self._clock.runs))
        for lane in lanes:
            grid.add_row("run", _bar(lane.now, lane.steps), f"step {lane.now:,} of {lane.steps:,}")
        left = self._clock.left()
        rest = Text(f"about {duration(left)} left" if left else "measuring how long a run takes", style="dim")
        return Group(*(lane.told for lane in lanes), grid, Text(self._last, style="dim"), rest)


class _Lane(View):
    """One worker of a :class:`Screen`: its run and how far that is."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._arm = self._what = self._recall = ""
        self.steps, self.now, self.runs = 1, 0, False

    @property
    def told(self) -> Text:
        """What runs, in a line."""
        return Text.from_markup(f"[bold]{escape(self._arm)}[/], {escape(self._what)}  {self._recall}")

    def begin(self, arm: str, what: str, steps: int) -> None:
        self._arm, self._what, self.steps, self.now, self.runs, self._recall = arm, what, steps, 0, True, ""
        self._screen.draw(now=True)

    def step(self, step: int) -> None:
        self.now = step
        self._screen.draw()

    def point(self, macro: float, micro: float) -> None:
        self._recall = f"macro {macro:.3f}  micro {micro:.3f}"
        self._screen.draw(now=True)

    def end(self, body: dict[str, Any], fresh: bool) -> None:
        self.runs = False
        self._screen.ended(self._what, body, fresh)


def _runs(first: int, last: int, total: int) -> str:
    return f"run {first} of {total}" if first == last else f"runs {first} to {last} of {total}"


def _bar(done: int, total: int) -> ProgressBar:
    return ProgressBar(total=max(total, 1), completed=done, width=30)
