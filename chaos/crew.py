"""Workers that are started again whatever happens to them, and what they say, with the time at which they say it."""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

SAID = re.compile(r"^(took|made|left) (.+) \[([0-9a-f]{8})\]")


@dataclass(frozen=True)
class Line:
    """Something that a worker said: ``when`` it was heard, which process it was."""

    when: float
    pid: int
    text: str

    @property
    def event(self) -> tuple[str, str] | None:
        """``took``, ``made`` or ``left``, and the first digits of the run's key."""
        found = SAID.match(self.text)
        return (found[1], found[3]) if found else None


@dataclass(eq=False)
class Log:
    """What all workers have said, in the order in which it was heard."""

    lines: list[Line] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def follow(self, process: subprocess.Popen[str]) -> threading.Thread:
        """Hear a process out, from a thread of its own."""

        def hear() -> None:
            assert process.stdout is not None
            with process.stdout as said:
                for text in said:
                    with self._lock:
                        self.lines.append(Line(time.monotonic(), process.pid, text.rstrip()))

        thread = threading.Thread(target=hear, daemon=True)
        thread.start()
        return thread

    def of(self, pid: int) -> list[Line]:
        """What one process has said."""
        with self._lock:
            return [line for line in self.lines if line.pid == pid]

    def events(self, kind: str) -> Iterator[tuple[Line, str]]:
        """Lines of a kind, each with its run."""
        for line in list(self.lines):
            if line.event is not None and line.event[0] == kind:
                yield line, line.event[1]

    def running(self, pid: int) -> str | None:
        """The run that a process is in, as far as it has said."""
        told = [line.event for line in self.of(pid) if line.event is not None]
        return told[-1][1] if told and told[-1][0] == "took" else None


class Worker:
    """One worker: a process, and the next when it has ended before the study has."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Log) -> None:
        self._command, self._environment, self._log = command, environment, log
        self.starts, self.done, self.refusals = 0, False, list[str]()
        self._bound: Callable[[], None] | None = None
        self._temporary: Path | None = None
        self.start()

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def start(self) -> None:
        place = {} if self._temporary is None else {"TMPDIR": str(self._temporary)}
        self.process = subprocess.Popen(
            self._command,
            env={**os.environ, **self._environment, **place},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=self._bound,
        )
        self._heard = self._log.follow(self.process)
        self.starts += 1

    def tend(self) -> None:
        """Start it again where it has ended, unless nothing was left to do."""
        if self.done or self.alive:
            return
        self._heard.join()
        if self.process.returncode == 0:
            self.done = True
            return
        if self.process.returncode == 2:
            self.refusals.append(self._log.of(self.pid)[-1].text)
            self._temporary = self._bound = None
        self.start()

    def kill(self) -> bool:
        """Kill -9; whether it was inside a run, as its last words say."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._heard.join()
        return self._log.running(self.pid) is not None

    def without_room(self, folder: Path) -> str:
        """From its next start on, until it refuses: no room where it writes. Says what stands for the full disk."""
        folder.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64k", "ablate-chaos", str(folder)], capture_output=True, check=False
        )
        if mounted.returncode == 0:
            with suppress(OSError), open(folder / "full", "wb", buffering=0) as file:
                file.write(bytes(60 << 10))  # less than a record is left
            self._temporary = folder
            return "tmpfs of 64 KB"
        self._bound = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048))
        return "RLIMIT_FSIZE of 2 KB"


def command(options: list[str]) -> list[str]:
    """A command of Ablate."""
    return [sys.executable, "-m", "ablate", *options]
