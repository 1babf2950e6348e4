"""From what was asked for to what will run: every open option settled, each with its reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ablate.errors import AblateError
from ablate.study import planfile
from ablate.study.beside import within
from ablate.study.plan import ALL, PLACES, SEARCH, Plan, make

#: A finished study may be extended in these; everything else makes it another study.
EXTENDABLE = (
    "strategies",
    "plugin",
    "trials",
    "seeds",
    "defaults",
    "keep_weights",
    "threads",
    "micro_floor",
    "name",
    "data",
)

FILE = "study.toml"
COMMENT = "A study as it was run. Go on with it, or check it, with: python -m ablate study THIS_FILE --data FILE"


def with_earlier(plan: Plan, out: Path) -> Plan:
    """Fill the options that were left open from the study that already stands in the output folder.

    Raises:
        AblateError: the folder holds another study (the message names the key and both values).
    """
    if not (out / FILE).exists():
        return plan
    earlier = planfile.read(out / FILE)
    given = plan.model_dump(exclude_unset=True, exclude_none=True)
    for key, new in list(given.items()):
        if key in PLACES or key in EXTENDABLE or _pathless(key, new) == earlier.get(key, {} if key == "set" else None):
            continue
        if key == "revisions" and all(earlier.get(key, {}).get(name, commit) == commit for name, commit in new.items()):
            given[key] = {**earlier.get(key, {}), **new}
            continue
        if key == "parts" and new == [ALL] and earlier.get("design") == SEARCH:
            continue  # those that there were when the study began
        there = repr(earlier[key]) if key in earlier else "not set"
        raise AblateError(
            f"output folder '{out}' holds another study: {key} is {there} there and {new!r} here; give another --out"
        )
    if given.get("parts") == [ALL]:
        given.pop("parts")
    merged = {**within({key: value for key, value in earlier.items() if key not in given}, out / FILE), **given}
    for one, other in (("strategies", "parts"), ("rho", "alarms_per_document"), ("labels", "label_columns")):
        if one in given and other in earlier and other not in given:
            merged.pop(other)
        if other in given and one in earlier and one not in given:
            merged.pop(one)
    return make(merged, str(out / FILE))


def _pathless(key: str, value: Any) -> Any:
    """A value as a written plan holds it: a backbone's folder by its name alone."""
    return Path(value).name if key == "backbone" and Path(value).is_dir() else value


def write(plan: Plan, settled: dict[str, Any], out: Path) -> None:
    """Write the resolved plan: no path, no place, nothing open."""
    values = {**plan.model_dump(exclude=set(PLACES)), **settled}
    if values["label_columns"]:
        values.pop("labels")
    values["plugin"] = [Path(file).name for file in plan.plugin] or None
    values["set"] = dict(plan.set)
    values["defaults"] = plan.defaults or None  # plans of studies without them read as they always did
    planfile.write(out / FILE, values, COMMENT)
