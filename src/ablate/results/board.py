"""A leaderboard: a pure function of records. The same records give the same bytes, but for what a clock measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.metrics.alarms import decode
from ablate.metrics.measure import MULTIPLES
from ablate.results import rows
from ablate.results.confirmed import at_defaults, confirmed, finished
from ablate.results.defaults import fill_defaults
from ablate.results.effects import designed
from ablate.results.gains import Runs, gains
from ablate.results.lead import lead
from ablate.results.record import SCHEMA, Body, Records, Truth
from ablate.results.recovered import drawn_recall, recover
from ablate.results.rows import Row
from ablate.results.selection import SELECTION
from ablate.results.simultaneous import simultaneous
from ablate.results.statistics import Resampler, Sample, interval, paired, smallest_detectable
from ablate.results.weights.predicted import predicted_noise

BASELINE = "baseline"
GUARD = 0.02  # micro recall that a row may cost, at the lower end of its paired interval
INTERVAL = "the wider of the t interval over seeds and the hierarchical bootstrap (seeds, then documents), 95 %"
FEW_TRIALS = 12  # under which Optuna has done little more than draw

Board = dict[str, Any]
Plan = Mapping[str, Any]


@dataclass(frozen=True)
class Entry:
    """One arm: its tuning records, the confirm records that count, and its recall at budget.

    ``untuned`` is the macro recall of its defaults, ``at_defaults`` are the runs behind it.
    """

    arm: str
    tuned: list[Body]
    runs: list[Body]
    parameters: dict[str, Any] | None
    macro: Sample | None
    micro: Sample | None
    at_defaults: list[Body]
    untuned: Sample | None

    @property
    def finished(self) -> list[Body]:
        """Runs that came to an end, by seed."""
        return finished(self.runs)

    @property
    def body(self) -> Body:
        """Any record of the arm, for what they all share."""
        return (self.runs or self.tuned)[0]

    @property
    def ranks(self) -> bool:
        """Whether the row takes part in the ranking at all."""
        return self.body["kind"] == "strategy" and not self.body.get("identity_of") and not self.body.get("part")


def board(bodies: Sequence[Body], store: Records, plan: Plan | None = None, draws: int = 1000) -> Board:
    """The leaderboard of a study, as the JSON of ``leaderboard.json``.

    Only confirm records of the configuration that its tuning records select count for an arm; ``store`` gives the
    alarm sets and the truth. ``plan`` may hold ``name`` (of the study), ``micro_floor``, ``alarms_per_document``,
    ``rho``, ``trials`` and ``seeds``; whatever is missing is read off the records.
    """
    plan = plan or {}
    entries = entries_of(bodies, store, draws)
    base = next((e for e in entries if e.arm == BASELINE), None)
    table = [_row(entry, base, plan) for entry in entries]
    for entry, row in zip(entries, table, strict=True):
        row["stability"]["predicted_loss_cv"] = _predicted(entry, store)
    if any(row["kind"] == "ceiling" for row in table):
        for entry, row in zip(entries, table, strict=True):
            row["drawn_macro"] = drawn_recall(entry.finished, [store.arrays(b["key"]) for b in entry.finished])
        recover(table)
    fill_defaults([(row, e.runs, e.at_defaults, e.macro, e.untuned) for e, row in zip(entries, table, strict=True)])
    leader = _rank(entries, table, base)
    table.sort(key=_place)
    runs = {e.arm: Runs(e.arm, e.finished, e.macro) for e in entries}
    return {
        "schema": SCHEMA,
        "study": plan.get("name", ""),
        "dataset": _dataset(entries),
        "selection": _selection(entries, plan),
        "budget": _budget(entries, plan),
        "interval": INTERVAL,
        "guard": {"costs_micro_below": -GUARD, "micro_floor": plan.get("micro_floor")},
        "leader": leader,
        "gains": gains([runs[row["strategy"]] for row in table if row["kind"] == "strategy"], BASELINE, store),
        "rows": table,
        **designed((entry.body, entry.macro, entry.micro) for entry in entries),
    }


def entries_of(bodies: Sequence[Body], store: Records, draws: int = 1000) -> list[Entry]:
    """All arms of a study by name, with their recall at budget under the same draws of documents."""
    arms: dict[str, list[Body]] = {}
    for body in sorted(bodies, key=lambda b: (b["identity"]["seed"], b["key"])):
        arms.setdefault(body["arm"], []).append(body)
    resamplers: dict[str, Resampler] = {}
    return [_entry(arm, arms[arm], store, resamplers, draws) for arm in sorted(arms)]


def _entry(arm: str, bodies: list[Body], store: Records, resamplers: dict[str, Resampler], draws: int) -> Entry:
    tuned = [b for b in bodies if b["identity"]["phase"] == "tune"]
    runs, parameters = confirmed(bodies)
    defaults = at_defaults(bodies)
    samples = [_samples(some, store, resamplers, draws) for some in (runs, defaults)]
    return Entry(arm, tuned, runs, parameters, *samples[0], defaults, samples[1][0])


def _samples(
    runs: list[Body], store: Records, resamplers: dict[str, Resampler], draws: int
) -> tuple[Sample | None, Sample | None]:
    """Macro and micro recall at budget of the runs that finished."""
    ended = finished(runs)
    for name in {b["truth"] for b in ended} - set(resamplers):
        resamplers[name] = Resampler(store.truth(name).labels, draws)
    found = [resamplers[b["truth"]].recalls(decode(store.arrays(b["key"])["alarms"])) for b in ended]
    macro, micro = (_sample(ended, name, [f[place] for f in found]) for place, name in enumerate(("macro", "micro")))
    return macro, micro


def _sample(runs: Sequence[Body], name: str, draws: Sequence[NDArray[np.float64]]) -> Sample | None:
    values = [b["test"]["at_budget"][f"{name}_recall"] for b in runs]
    if not values or None in values:
        return None
    seeds = tuple(int(b["identity"]["seed"]) for b in runs)
    seedless = len(seeds) == 1 and runs[0]["kind"] != "strategy"
    return Sample(seeds, np.array(values), np.stack(draws), seedless)


def _row(entry: Entry, base: Entry | None, plan: Plan) -> Row:
    body = entry.body
    delta_macro, delta_micro = (_delta(entry, base, name) for name in ("macro", "micro"))
    row = {
        "strategy": entry.arm,
        "rank": None,
        "kind": body["kind"],
        "part": body.get("part") or "",
        "notes": [*_notes(entry), *_failure(entry)],
        "identity_of": body.get("identity_of") or "",
        "runs": len(entry.finished),
        "runs_failed": sum(b["status"] == "failed" for b in entry.runs),
        "macro_recall_at_budget": rows.level(interval(entry.macro)) if entry.macro else None,
        "micro_recall_at_budget": rows.level(interval(entry.micro)) if entry.micro else None,
        "delta_macro": rows.between(interval(delta_macro)) if delta_macro else None,
        "delta_micro": rows.between(interval(delta_micro)) if delta_micro else None,
        "better": None,
        "better_interval": None,
        "rank_interval": None,
        "delta_to_leader": None,
        "tied_with_leader": None,
        "not_told_from": None,
        "smallest_detectable_difference": None,
    }
    if delta_macro and entry is not base:
        row["smallest_detectable_difference"] = smallest_detectable(delta_macro)
    row["costs_micro"] = _costs_micro(row, plan.get("micro_floor"))
    row |= rows.figures(entry.finished)
    row["stability"] = rows.stability(entry.runs, entry.finished)
    row["steps_to_95"] = rows.steps_to_95(entry.finished, rows.best_point(base.finished) if base else None)
    row["parameters"] = entry.parameters
    row |= rows.tuning(entry.tuned)
    row["measured"] = rows.measured(entry.runs, entry.tuned)
    return row


def _predicted(entry: Entry, store: Records) -> float | None:
    """The noise that the row's weights ask for, beside which ``loss_cv`` is what was seen."""
    body = next((b for b in entry.finished if b["kind"] == "strategy"), None)
    return predicted_noise(body, store.truth(body["truth"])) if body else None


def _notes(entry: Entry) -> list[str]:
    """What any of the runs says of its model, the same once."""
    return list(dict.fromkeys(note for body in (entry.body, *entry.runs) for note in body.get("notes") or []))


def _failure(entry: Entry) -> list[str]:
    """Why an arm has no run to show: the reason of its first trial, where every trial failed."""
    if entry.runs or not entry.tuned or any(body["status"] != "failed" for body in entry.tuned):
        return []
    first = min(entry.tuned, key=lambda body: (body.get("trial") is None, body.get("trial") or 0))
    return [f"every trial failed: {first['reason']}"]


def _delta(entry: Entry, base: Entry | None, name: str) -> Sample | None:
    mine, theirs = getattr(entry, name), getattr(base, name, None)
    return paired(mine, theirs) if mine and theirs else None


def _costs_micro(row: Row, floor: float | None) -> bool | None:
    """Whether a row buys its macro recall with micro recall; None where it has none."""
    micro, delta = row["micro_recall_at_budget"], row["delta_micro"]
    if micro is None:
        return None
    below = floor is not None and micro["mean"] < floor
    return bool(below or (delta is not None and delta["low"] < -GUARD))


def _rank(entries: Sequence[Entry], table: Sequence[Row], base: Entry | None) -> dict[str, Any] | None:
    """Fill in ranks with their intervals, who is told from the baseline and from the leader; gives the leader's lead.

    Either kind of comparison holds for the whole board at once.
    """
    ranking = [(e, r) for e, r in zip(entries, table, strict=True) if e.ranks and r["costs_micro"] is False]
    ranking.sort(key=lambda pair: (-pair[1]["macro_recall_at_budget"]["mean"], pair[0].arm))
    for place, (_, row) in enumerate(ranking, start=1):
        row["rank"] = place
    tried = [(e, r, _delta(e, base, "macro")) for e, r in ranking if e is not base]
    known = [(r, d) for _, r, d in tried if d is not None and len(d.seeds) > 1]
    for (row, _), found in zip(known, simultaneous([d for _, d in known]), strict=True):
        row["better_interval"] = rows.between(found)
        row["better"] = found.low > 0
    return lead([(r, e.macro) for e, r in ranking if e.macro is not None], BASELINE)


def _place(row: Row) -> tuple[int, float, float, str]:
    """Ranked rows, those that cost micro, other rows, other parts, controls; within these by macro recall."""
    macro = row["macro_recall_at_budget"]
    mean = macro["mean"] if macro else -1.0
    return GROUPS.index(group(row)), row["rank"] or 0, -mean, row["strategy"]


GROUPS = ("ranked", "costs micro", "not ranked", "no finished run", "other part", "control", "ceiling")


def group(row: Row) -> str:
    """Under which line of the board a row stands."""
    if row["kind"] in rows.CONTROLS:
        return str(row["kind"])
    if row["part"]:
        return "other part"
    if row["macro_recall_at_budget"] is None:
        return "no finished run"
    if row["identity_of"]:
        return "not ranked"
    return "costs micro" if row["costs_micro"] else "ranked"


def _dataset(entries: Sequence[Entry]) -> dict[str, Any]:
    finished = [b for e in entries for b in e.finished]
    any_body = finished[:1] or [e.body for e in entries][:1]
    if not any_body:
        return dict.fromkeys(("name", "sha256", "documents", "labels"))
    test = any_body[0].get("test") or {}
    names = ("labels_without_test_positive", "labels_with_1_2_test_positives", "labels_5_plus")
    return dict(any_body[0]["dataset"]) | {name: test.get(name) for name in names}


def _selection(entries: Sequence[Entry], plan: Plan) -> dict[str, Any]:
    trials = max((len({b["trial"] for b in e.tuned if b.get("trial") is not None}) for e in entries), default=0)
    trials = int(plan.get("trials") or trials)
    how = "defaults and a shared quasi-random design" + ("" if trials < FEW_TRIALS else ", then TPE")
    return {"rule": SELECTION, "trials": trials, "configurations": how}


def _budget(entries: Sequence[Entry], plan: Plan) -> dict[str, Any]:
    given = [b["identity"].get("alarms_per_document") for e in entries for b in e.runs]
    found = next((g for g in given if g is not None), None)
    alarms = plan.get("alarms_per_document") or found
    return {"alarms_per_document": alarms, "rho": plan.get("rho"), "multiples": [float(m) for m in MULTIPLES]}


def truth_of(bodies: Sequence[Body], store: Records) -> Truth | None:
    """The truth that the finished confirm records refer to."""
    names = sorted({b["truth"] for b in bodies if b.get("truth") and b.get("test")})
    return store.truth(names[0]) if names else None
