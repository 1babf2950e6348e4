"""A board in words: what it is of, who leads, and what a reader has to know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ablate.results import importances
from ablate.results.board import BASELINE, Board, group
from ablate.results.columns import amount, points
from ablate.results.decomposition_shares import READ_NOTHING
from ablate.results.recovered import above_ceiling
from ablate.results.rows import Row

SPELT_OUT = 3  # names of a list in a sentence
ZERO = {"low": 0.0}


def headline(board: Board) -> str:
    """Study, data set and budget on one line."""
    dataset, alarms = board["dataset"], board["budget"]["alarms_per_document"]
    study = f"{board['study']}: " if board["study"] else ""
    size = f"{dataset['documents']:,} documents, {dataset['labels']} labels" if dataset.get("name") else "no records"
    budget = "" if alarms is None else f"; every row may raise {alarms:.3g} alarms per document"
    return f"{study}{dataset.get('name') or 'nothing'}, {size}{budget}"


def sentence(board: Board) -> str:
    """Who leads, by how much over the baseline, whether that can be told from the next, and at what cost.

    A second sentence says so where a control stands above all of them. Of a board of some tags' rows: that it is one.
    """
    if board.get("tags"):
        return (
            f"Rows tagged {' or '.join(board['tags'])}, with what they are held against; "
            "ranks and marks are those among all rows of the study."
        )
    ranked = [row for row in board["rows"] if row["rank"]]
    return _verdict(board, ranked) + _above(board, ranked)


def _above(board: Board, ranked: list[Row]) -> str:
    controls = [row for row in board["rows"] if row["kind"] == "control" and row["macro_recall_at_budget"]]
    if not ranked or not controls:
        return ""
    best = max(controls, key=lambda row: float(row["macro_recall_at_budget"]["mean"]))
    if best["macro_recall_at_budget"]["mean"] <= ranked[0]["macro_recall_at_budget"]["mean"]:
        return ""
    unread = ", which reads no text," if best["strategy"] in READ_NOTHING else ""
    return f" The control {best['strategy']}{unread} stands above every ranked row: {_level(best)}."


def _verdict(board: Board, ranked: list[Row]) -> str:
    base = next((row for row in board["rows"] if row["strategy"] == BASELINE), None)
    if not ranked:
        return "Nothing is ranked: no strategy that keeps micro recall has a finished run."
    leader = ranked[0]
    if base is None or base["macro_recall_at_budget"] is None:
        return (
            f"{leader['strategy']} leads with a macro recall of {_level(leader)}; there is no baseline to compare with."
        )
    others = [row for row in ranked if row is not base]
    told = [row for row in others if row["better"]]
    if not told:
        judged = any(row["better"] is not None for row in others) or not others
        return _nothing(base, others, best_costly(board["rows"]) if judged else None)
    if leader not in told:
        return f"{_leads(leader, board)} It cannot be told from the baseline, but {_names(told)} can."
    return _leads(leader, board)


def _nothing(base: Row, others: list[Row], costly: Row | None) -> str:
    keeps = "" if costly is None else " that keeps micro recall"
    start = f"Nothing{keeps} can be told from the baseline (macro recall {_level(base)})"
    if costly is None:
        end = ""
    else:
        end = (
            f" {costly['strategy']} gains {_change(gain(costly))} points but costs micro recall "
            f"({_change(costly['delta_micro'])})."
        )
    if not others:
        return f"{start}: no other strategy is ranked.{end}"
    nearest = others[0]
    return f"{start}: the highest of the others is {nearest['strategy']}, {_change(gain(nearest))} points.{end}"


def gain(row: Row) -> Mapping[str, float] | None:
    """Macro recall over the baseline: in the interval that holds for the whole board where there is one."""
    found: Mapping[str, float] | None = row["better_interval"] or row["delta_macro"]
    return found


def best_costly(rows: Sequence[Row]) -> Row | None:
    """Of the strategies that gain macro recall by their interval but cost micro recall, the highest.

    One run shows no noise of seeds, so that its interval proves no gain.
    """
    found = [row for row in rows if group(row) == "costs micro" and row["runs"] > 1 and (gain(row) or ZERO)["low"] > 0]
    return max(found, key=lambda row: float(row["macro_recall_at_budget"]["mean"]), default=None)


def _leads(leader: Row, board: Board) -> str:
    alarms = board["budget"]["alarms_per_document"]
    lead = board["leader"]
    parts = [f"{leader['strategy']} leads with a macro recall of {_level(leader)}"]
    if leader["strategy"] != BASELINE:
        parts.append(f"{_change(gain(leader))} points over the baseline")
    if lead and lead["tied"]:
        parts.append(f"not to be told from {some(lead['tied'])}")
    elif lead and lead["next"]:
        parts.append(f"{'ahead of' if lead['told_from_next'] else 'not to be told from'} the next, {lead['next']}")
    if leader["strategy"] != BASELINE:
        parts.append(f"at {_change(leader['delta_micro'])} points of micro recall and the same number of alarms")
    deployed = (leader["as_deployed"] or {}).get("alarms_per_document")
    budget = "" if alarms is None else f" ({alarms:.3g} per document; {amount(deployed)} as deployed)"
    return ", ".join(parts) + budget + "."


def some(names: Sequence[str]) -> str:
    """Names as one reads them out, the fourth and later ones counted."""
    more = len(names) - SPELT_OUT
    parts = [*names[:SPELT_OUT], *([f"{more} more"] if more > 0 else [])]
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]


def _names(rows: list[Row]) -> str:
    return " and ".join(row["strategy"] for row in rows)


def _level(row: Row) -> str:
    found = row["macro_recall_at_budget"]
    return f"{points(found['mean'])} [{points(found['low'])}, {points(found['high'])}]"


def _change(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return "an unknown number of"
    low, high = (points(found[end], sign=True) for end in ("low", "high"))
    return f"{points(found['mean'], sign=True)} [{low}, {high}]"


def footnotes(board: Board) -> list[str]:
    """What the figures rest on."""
    dataset, selection = board["dataset"], board["selection"]
    notes = [
        "Recall in points. Macro recall averages the labels that have a test positive. * better than the baseline "
        f"in a simultaneous 95 % interval. Interval: {board['interval']}; a control without runs: documents only."
    ]
    if any(row["better_interval"] for row in board["rows"]):
        notes.append(
            "Delta to baseline: each interval by itself. The sentences under the board give those that * rests on, "
            "which hold for the whole board at once."
        )
    if any(row["rank_interval"] for row in board["rows"]):
        notes.append(
            "= not to be told from the leader, and ranks that a row may have: by 95 % intervals of the difference "
            "that hold for all pairs of ranked rows at once. A row with * is told from the baseline."
        )
    if dataset.get("labels_without_test_positive") is not None:
        notes.append(
            f"Labels with 1 or 2 test positives: {dataset['labels_with_1_2_test_positives']}; "
            f"with none, left out of every macro mean: {dataset['labels_without_test_positive']}."
        )
    if selection["trials"]:
        notes.append(
            f"Tuning: {selection['trials']} configurations per strategy ({selection['configurations']}); "
            f"chosen: {selection['rule']}. Figures are from fresh seeds."
        )
    if "importances" in board:
        notes.append(importances.sentence(board["importances"]))
    if any(row.get("at_defaults") for row in board["rows"]):
        notes.append(
            "Macro at defaults: each strategy untuned, on the same fresh seeds. Tuning gain: what its tuning adds to "
            "that, paired by seed; 0 where tuning chose the defaults."
        )
    return notes + _truth(board) + _yardsticks(board) + _remarks(board)


def _truth(board: Board) -> list[str]:
    """What columns that rest on the truth mean, and who stands above what it allows."""
    if not any(row.get("drawn_macro") for row in board["rows"]):
        return []
    notes = [
        "Drawn macro: macro recall over all labels, on documents drawn given each label, at the cut of the test "
        "documents. Of the ceiling: its share of the way from prior-only to bayes-ceiling."
    ]
    above = above_ceiling(board["rows"])
    if above:
        notes.append(
            f"WARNING: {' and '.join(above)} stands above bayes-macro-ceiling by more than chance: a bug or a leak; "
            "do not use this board."
        )
    return notes


def _yardsticks(board: Board) -> list[str]:
    """What the rows that are the baseline in other terms say: they had trials of their own, and nothing else."""
    return [
        f"{row['strategy']} is the baseline in other terms ({row['identity_of']}): its {_change(row['delta_macro'])} "
        "is what other trials alone can do."
        for row in board["rows"]
        if group(row) == "not ranked" and row["delta_macro"]
    ]


def _remarks(board: Board) -> list[str]:
    """Notes and failed runs of rows, the same remark on several rows once."""
    remarks: dict[str, list[str]] = {}
    for row in board["rows"]:
        failed = (
            [f"{row['runs_failed']} of {row['runs'] + row['runs_failed']} runs failed"] if row["runs_failed"] else []
        )
        for remark in (*row["notes"], *failed):
            remarks.setdefault(remark, []).append(row["strategy"])
    strategies = [row["strategy"] for row in board["rows"] if row["kind"] == "strategy"]
    return [f"{'All strategies' if who == strategies else ', '.join(who)}: {what}." for what, who in remarks.items()]
