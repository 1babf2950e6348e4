from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from small_study import once, plan, shared_by_workers

from ablate.study.conduct import study
from chaos.postgres import Server


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared_by_workers(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="session")
def cache(shared: Path) -> Path:
    return shared / "cache"


@pytest.fixture(scope="session")
def finished(shared: Path, cache: Path) -> Path:
    """The output folder of a finished study. Read it; to change it, take a copy with ``again``."""
    return once(shared / "finished", lambda made: study(plan(made / "small", cache))) / "small"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A server for this process; every test names its own studies in it."""
    server = Server()
    yield server
    server.close()


@pytest.fixture
def again(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished study, times of the files included."""
    return Path(shutil.copytree(finished, tmp_path / "small"))


@pytest.fixture
def plugin(tmp_path: Path) -> Callable[[str], str]:
    """Writes a plugin file with these lines after the imports."""

    def write(code: str, name: str = "acme.py") -> str:
        file = tmp_path / "plugins" / name
        file.parent.mkdir(exist_ok=True)
        head = "from dataclasses import dataclass\nfrom typing import Annotated\n\nfrom ablate.api import *\n\n\n"
        file.write_text(head + code)
        return str(file)

    return write
