"""Blocks of the documentation's pages, and a shell that types their commands."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import ablate
from ablate.cli import main

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
ABLATE = "python -m ablate "

_FENCE = re.compile(r"^```([\w-]*)(?: ([^\n]*))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_OPERATORS = re.compile(r"[|<>$;&*`]|^\s*\w+=")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the words behind it, and its text."""

    page: Path
    line: int
    language: str
    words: str
    text: str

    @property
    def commands(self) -> list[str]:
        """The lines that are typed; those that end in a backslash go on in the next, comments are left out."""
        lines = self.text.replace("\\\n", " ").splitlines()
        return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """All blocks of a page in their order."""
    text = page.read_text("utf-8")
    return [
        Block(page, text.count("\n", 0, found.start()) + 1, found[1], found[2] or "", found[3])
        for found in _FENCE.finditer(text)
    ]


def pages() -> list[Path]:
    """README.md and every page of docs/, decisions apart, which tell what was decided, not what to type."""
    found = [page for page in DOCS.rglob("*.md") if page.parent.name != "decisions"]
    return [ROOT / "README.md", *sorted(found)]


@dataclass
class Shell:
    """Types commands in a folder, without a network and with a cache of its own; ``more`` are variables besides.

    A plain ``python -m ablate ...`` is run in this process, which has torch already; all else by bash.
    """

    folder: Path
    cache: Path
    more: dict[str, str] = field(default_factory=dict)

    def type(self, command: str) -> tuple[int, str]:
        """Exit code, and what was said on both streams."""
        if command.startswith(ABLATE) and not _OPERATORS.search(_QUOTED.sub("", command)):
            return self._inside(shlex.split(command, comments=True)[3:])
        done = subprocess.run(
            ["bash", "-c", command], cwd=self.folder, env=self.variables, capture_output=True, text=True, timeout=240
        )
        return done.returncode, done.stdout + done.stderr

    @property
    def variables(self) -> dict[str, str]:
        """The environment of a reader who has installed Ablate and nothing else."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ABLATE_", "HF_"))}
        return {
            **kept,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PYTHONPATH": str(Path(ablate.__file__).parents[1]),
            "XDG_CACHE_HOME": str(self.cache),
            "HF_HUB_OFFLINE": "1",
            "OMP_NUM_THREADS": "1",
            **self.more,
        }

    def _inside(self, arguments: list[str]) -> tuple[int, str]:
        said = io.StringIO()
        with (
            patch.dict(os.environ, self.variables, clear=True),
            patch.object(sys, "argv", ["ablate", *arguments]),
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(said),
        ):
            try:
                main()
                code = 0
            except SystemExit as end:
                code = int(end.code or 0)
        return code, said.getvalue()


def follow(page_blocks: list[Block], shell: Shell) -> Iterator[tuple[str, str]]:
    """Type a page from top to bottom: gives each command with what was said, and holds the page to it.

    ``sh`` must succeed and ``sh fails`` must not; ``python FILE`` is written to the file; ``text`` is in what the block
    before it said, spaces and line ends apart, ``...`` standing for anything; ``text excerpt`` is from one run.
    A block of commands with another word (``sh needs-gpu``) is not typed.
    """
    said = ""
    for block in page_blocks:
        if block.language == "sh" and block.words not in ("", "fails"):
            said = ""  # it needs what a test does not have
        elif block.language == "sh":
            said = ""
            for command in block.commands:
                code, told = shell.type(command)
                assert (code != 0) == block.words.startswith("fails"), f"{block}: {command}\nexit code {code}\n{told}"
                assert "Traceback" not in told, f"{block}: {command}\n{told}"
                said += told
                yield command, told
        elif block.words and block.language in ("python", "toml", "csv", "json"):
            (shell.folder / block.words).write_text(block.text, "utf-8")
        elif block.language == "text" and block.words != "excerpt":
            assert _shown(block.text).search(_plain(said)), f"{block}: not what was said:\n{said}"


def _plain(text: str) -> str:
    return " ".join(text.split())


def _shown(text: str) -> re.Pattern[str]:
    return re.compile(".*?".join(re.escape(_plain(part)) for part in text.split("...") if part.strip()))
