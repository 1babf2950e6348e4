"""How long a person waits before anything happens."""

import subprocess
import sys

import pytest

COMMANDS = {
    "typer and rich alone": ["-c", "import typer, rich"],
    "help": ["-m", "ablate", "--help"],
    "study help": ["-m", "ablate", "study", "--help"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_start_up(benchmark, name):
    benchmark.pedantic(
        subprocess.run, ([sys.executable, *COMMANDS[name]],), {"check": True, "capture_output": True}, rounds=7
    )
