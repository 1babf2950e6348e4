"""Where the figures come from: commands, plan, versions, machines."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ablate.results.record import Body
from ablate.results.report.material import Material

SETTABLE = ("name", "data_sha256")  # keys of a plan that are no option of their own


def commands(material: Material) -> list[tuple[str, str]]:
    """What to type beside the study's folder, and what for; where the data lie is the reader's to say."""
    name = material.found.folder.resolve().name
    folder, plan = shlex.quote(name), shlex.quote(f"{name}/study.toml")
    return [
        ("The study again, or on from where it stopped", f"python -m ablate study {plan} --data FILE --out {folder}"),
        ("The same from its options", study_command(material.found.plan)),
        ("The board", f"python -m ablate leaderboard {folder} --wide"),
        ("This page", f"python -m ablate report {folder}"),
    ]


def study_command(plan: Mapping[str, Any]) -> str:
    """The command line whose options are the keys of a plan."""
    words = ["python", "-m", "ablate", "study"]
    for key, value in plan.items():
        if key == "set" and isinstance(value, Mapping):
            words += [word for name, given in value.items() for word in ("--set", f"{name}={given}")]
        elif isinstance(value, Mapping):
            inline = ", ".join(f"{json.dumps(name)} = {json.dumps(given)}" for name, given in value.items())
            words += ["--set", f"{key}={{{inline}}}"]
        elif key in SETTABLE:
            words += ["--set", f"{key}={value}"]
        else:
            words += _option(key, value, alone=key == "plugin")
    return " ".join(shlex.quote(word) for word in words)


def _option(key: str, value: Any, alone: bool) -> list[str]:
    """One option; ``alone``: repeated for each value."""
    name = "--" + key.replace("_", "-")
    if isinstance(value, bool):
        return [name] if value else []
    if isinstance(value, list):
        values = [str(v) for v in value] if alone else [",".join(map(str, value))]
        return [word for given in values if given for word in (name, given)]
    return [name, str(value)]


def environments(bodies: Sequence[Body]) -> list[tuple[str, str]]:
    """Python, packages and machines of the records, each with the share of records where there are several."""
    tables = [_flat(b.get("environment") or {}) for b in bodies]
    names = sorted({name for table in tables for name in table})
    return [(name, _said([table.get(name) for table in tables])) for name in names]


SHOWN = ("packages", "python", "processor", "threads", "device", "gpu", "cuda", "precision")


def _flat(environment: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in environment.items():
        if isinstance(value, Mapping):
            found |= {str(k): str(v) for k, v in value.items()} if name == "packages" else {}
        elif name in SHOWN:
            found[name] = str(value)
    return found


def _said(values: Sequence[str | None]) -> str:
    counts = Counter("not recorded" if v is None else v for v in values)
    if len(counts) == 1:
        return next(iter(counts))
    return "; ".join(f"{value} ({n} of {len(values)} records)" for value, n in sorted(counts.items()))


def sources(material: Material) -> list[tuple[str, str]]:
    """The data and the records themselves."""
    dataset, bodies = material.board["dataset"], material.found.bodies
    used = sum(len(arm.runs) for arm in material.arms)
    phases = Counter(b["identity"]["phase"] for b in bodies)
    trunks = [b["identity"].get("backbone") or {} for b in bodies if b["kind"] == "strategy"]
    names = {str(trunk["name"]) for trunk in trunks if trunk.get("name")}
    hashes = {str(trunk["weights_sha256"]) for trunk in trunks if trunk.get("weights_sha256")} - {"none"}
    return [
        ("data", f"{dataset.get('name')}, sha256 {dataset.get('sha256')}"),
        ("backbone", ", ".join(sorted(names)) + "".join(f", weights sha256 {h}" for h in sorted(hashes))),
        ("records", f"{len(bodies)} of schema {material.board['schema']}: "
         f"{', '.join(f'{n} {phase}' for phase, n in sorted(phases.items()))}; {used} runs are on the board"),
    ]  # fmt: skip
