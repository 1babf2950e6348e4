from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from ablate.cli import main


@dataclass(frozen=True)
class Said:
    """What a command leaves at the terminal."""

    code: int
    out: str
    err: str


@pytest.fixture
def ablate(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path) -> Callable[..., Said]:
    """Runs a command in this process, in a folder of its own, without network and without a terminal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home-cache"))
    monkeypatch.delenv("ABLATE_DATA_DIR", raising=False)

    def command(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["ablate", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        return Said(int(end.value.code or 0), *capsys.readouterr())

    return command
