"""What a person sees of a study in a notebook: one line that is written over."""

from __future__ import annotations

import time
from typing import Any, TextIO

from ablate.study.screen import REDRAW_SECONDS
from ablate.study.view import Clock, View, duration, outcome


class OneLine(View):
    """The last run, or the recall of the one that goes on, on a line that a carriage return takes back.

    Notebooks and terminals both follow a carriage return, so nothing else is needed of them. What has to stay in
    sight, remarks and failed runs, is a line of its own above.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._clock = stream, Clock()
        self._lanes: dict[int, _OneLane] = {}
        self._shown, self._length = 0.0, 0

    def say(self, text: str) -> None:
        """A line that stays."""
        self._over(text)
        self._stream.write("\n")
        self._length = 0

    def total(self, runs: int) -> None:
        """Remember the number of runs."""
        self._clock.runs = runs

    def expect(self, seconds: float) -> None:
        """Remember how long a run takes."""
        self._clock.expected = seconds

    def encoding(self, done: int, total: int) -> None:
        """Show how far the encoding is."""
        self.show(f"encoding documents once: {done:,} of {total:,}", now=done >= total)

    def begin(self, arm: str, what: str, steps: int) -> None:
        """Show which run it is."""
        self.worker(0).begin(arm, what, steps)

    def point(self, macro: float, micro: float) -> None:
        """Show live recall."""
        self.worker(0).point(macro, micro)

    def end(self, body: dict[str, Any], fresh: bool) -> None:
        """Show what the run gave."""
        self.worker(0).end(body, fresh)

    def worker(self, number: int) -> View:
        """What one worker does."""
        self._clock.workers = max(self._clock.workers, number + 1)
        return self._lanes.setdefault(number, _OneLane(self))

    def show(self, text: str, now: bool = False) -> None:
        """Write over the line, though not too often."""
        if now or time.monotonic() - self._shown >= REDRAW_SECONDS:
            self._shown = time.monotonic()
            left = self._clock.left()
            tail = f", about {duration(left)} left" if left else ""
            self._over(f"{self._clock.done} of {self._clock.runs} runs{tail}: {text}" if self._clock.runs else text)

    def ended(self, run: str, body: dict[str, Any], fresh: bool) -> None:
        """Take in that a run has ended, whoever made it."""
        self._clock.count(body, fresh)
        if fresh and body["status"] == "failed":
            self.say(f"{run}: {outcome(body)}")
        else:
            self.show(f"{run}: {outcome(body)}", now=fresh)

    def close(self) -> None:
        """Leave the line as it is; what is printed next stands below it."""
        if self._length:
            self._stream.write("\n")
            self._length = 0
        self._stream.flush()

    def _over(self, text: str) -> None:
        line = " ".join(text.split())
        self._stream.write(("\r" if self._length else "") + line.ljust(self._length))
        self._stream.flush()
        self._length = len(line)


class _OneLane(View):
    """One worker of a :class:`OneLine`."""

    def __init__(self, line: OneLine) -> None:
        self._line, self._run = line, ""

    def begin(self, arm: str, what: str, steps: int) -> None:
        self._run = f"{arm}, {what}"
        self._line.show(self._run)

    def point(self, macro: float, micro: float) -> None:
        self._line.show(f"{self._run}: macro {macro:.3f}, micro {micro:.3f}")

    def end(self, body: dict[str, Any], fresh: bool) -> None:
        self._line.ended(self._run, body, fresh)
