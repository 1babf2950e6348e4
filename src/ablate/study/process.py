"""A worker's process and the two pipes to it: JSON, a line each."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from ablate.study.schedule import Task


class Process:
    """A process that is told ``opening`` when it starts, and then its tasks."""

    def __init__(self, number: int, opening: dict[str, Any], threads: int, command: Sequence[str]) -> None:
        self.number, self._opening, self._threads, self._command = number, opening, str(threads), command
        self.process: subprocess.Popen[bytes] | None = None
        self.task: Task | None = None
        self.ready = self.silent = False
        self._heard = b""

    @property
    def output(self) -> int:
        """The file descriptor on which it is heard."""
        assert self.process is not None
        assert self.process.stdout is not None
        return self.process.stdout.fileno()

    def start(self) -> int:
        """Start the process; gives the file descriptor on which it is heard."""
        self.process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "OMP_NUM_THREADS": self._threads, "MKL_NUM_THREADS": self._threads},
            start_new_session=True,  # Ctrl-C is the driver's, which then ends its workers
        )
        self.ready = self.silent = False
        self._heard = b""
        self.tell(self._opening)
        return self.output

    def tell(self, message: dict[str, Any]) -> None:
        """Send a line. One that died meanwhile does not hear it, and is found dead when it is listened to."""
        assert self.process is not None
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(message).encode() + b"\n")
            self.process.stdin.flush()

    def messages(self) -> Iterator[dict[str, Any]]:
        """The whole lines heard since the last time; :attr:`silent` afterwards says that no more will come."""
        heard = os.read(self.output, 1 << 16)
        self.silent = not heard
        *lines, self._heard = (self._heard + heard).split(b"\n")
        return map(json.loads, lines)

    def end(self) -> str:
        """Kill the process and let go of it; says how it had ended by itself, if it had."""
        process, self.process = self.process, None
        assert process is not None
        process.kill()
        code = process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
        return f"signal {-code}" if code < 0 else f"exit code {code}"
