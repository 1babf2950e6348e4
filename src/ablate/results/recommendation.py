"""What a study advises: which strategy, at what gain and price, and what to do before or beside it.

Nothing is computed here that is not on the board or in the decomposition: a win is what the board's simultaneous
intervals call one, a tie what they cannot tell apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ablate.results.board import BASELINE, Board
from ablate.results.decomposition import DATA, DECISION, LUMP, MODEL, Decomposition, Gap, decompose, measured_on
from ablate.results.decomposition_shares import READ_NOTHING, Shares, read_shares
from ablate.results.folder import Read
from ablate.results.recommendation_labels import Short, short_of_examples
from ablate.results.rows import Row
from ablate.results.story import best_costly

SCHEMA = 1

BETTER, NOTHING, UNJUDGED, FLOOR = "better", "nothing better", "not judged", "baseline under the floor"
ALONE, NO_BASELINE, NONE = "baseline alone", "no baseline", "nothing ranked"
"""Verdicts: a strategy is better than the baseline; none is; none could be judged (one run each); the baseline itself
is under ``--micro-floor``; there is nothing to compare it with; there is no baseline; no row has a rank."""


@dataclass(frozen=True)
class Choice:
    """One row and what to expect of it, compared with the baseline; None where that is not known.

    ``verdicts`` count all runs, ``failed`` those that did not finish and so have no part in any mean.
    """

    strategy: str
    macro_recall: Mapping[str, float] | None
    delta_macro: Mapping[str, float] | None
    delta_micro: Mapping[str, float] | None
    alarms_as_deployed: float | None
    seconds: float | None
    times_baseline: float | None
    verdicts: Mapping[str, int]
    failed: int


@dataclass(frozen=True)
class Rival:
    """A control that reads the documents and stands above every ranked row.

    ``told``: by more than both intervals together allow for.
    """

    choice: Choice
    told: bool


@dataclass(frozen=True)
class Recommendation:
    """What a study advises. ``steps`` name what to do in this order: terms of the decomposition.

    ``best`` is the row to train; ``higher`` one that stands above it but cannot be told from the baseline; ``ties``
    those that cannot be told from ``best``; ``nearest`` the highest other row where none is better, ``detectable`` the
    smallest true difference that a comparison of it alone was likely to see, and ``costly`` one that gains but costs
    micro recall. ``unlearnt`` is a control that reads nothing and yet stands above every ranked row.
    """

    verdict: str
    steps: tuple[str, ...]
    best: Choice | None
    ties: tuple[str, ...]
    higher: str | None
    nearest: Choice | None
    detectable: float | None
    costly: Choice | None
    rival: Rival | None
    unlearnt: str | None
    gap: Gap | None
    truth_known: bool
    drawn: bool
    short: tuple[Short, ...]
    alarms_per_document: float | None
    counts: Mapping[str, int]


def recommend(found: Read) -> Recommendation:
    """The advice of a study folder, from its records alone."""
    shares = read_shares(found.board, found.bodies, found.records)
    return advise(found.board, decompose(found.board, shares), shares)


def advise(board: Board, gaps: Decomposition, shares: Shares | None) -> Recommendation:
    """The advice that a board and its decomposition give."""
    rows: list[Row] = board["rows"]
    base = next((row for row in rows if row["strategy"] == BASELINE and row["macro_recall_at_budget"]), None)
    ranked = [row for row in rows if row["rank"]]
    verdict, best = _verdict(ranked, base)
    leader = ranked[0] if ranked else None
    others = [row for row in ranked if row is not base]
    chosen = _choice(best, base) if best else None
    rival = _rival(rows, leader, base)
    kinds = {row["strategy"]: row["kind"] for row in rows}
    short = tuple(short_of_examples(shares, kinds)) if shares else ()
    gap = gaps.driver
    nearest = others[0] if others and verdict in (NOTHING, UNJUDGED) else None
    costly = best_costly(rows) if verdict in (NOTHING, ALONE) else None
    return Recommendation(
        verdict=verdict,
        steps=_steps(gap, chosen, rival, short),
        best=chosen,
        ties=tuple(best["not_told_from"] or ()) if best else (),
        higher=leader["strategy"] if leader and best and leader is not best and verdict == BETTER else None,
        nearest=_choice(nearest, base) if nearest else None,
        detectable=nearest["smallest_detectable_difference"] if nearest else None,
        costly=_choice(costly, base) if costly else None,
        rival=rival,
        unlearnt=_unlearnt(rows, leader),
        gap=gap,
        truth_known=gaps.known,
        drawn=gaps.drawn,
        short=short,
        alarms_per_document=board["budget"]["alarms_per_document"],
        counts=_counts(board, shares),
    )


def _verdict(ranked: Sequence[Row], base: Row | None) -> tuple[str, Row | None]:
    """What can be said, and of which row; the first of the ranking that is better than the baseline."""
    if not ranked:
        return NONE, None
    if base is None:
        return NO_BASELINE, ranked[0]
    told = [row for row in ranked if row["better"]]
    if told:
        return BETTER, told[0]
    if base["rank"] is None:
        return FLOOR, ranked[0]
    others = [row for row in ranked if row is not base]
    if not others:
        return ALONE, base
    return (UNJUDGED if all(row["better"] is None for row in others) else NOTHING), base


def _choice(row: Row, base: Row | None) -> Choice:
    seconds, theirs = row["measured"]["seconds"], base["measured"]["seconds"] if base else None
    return Choice(
        strategy=row["strategy"],
        macro_recall=row["macro_recall_at_budget"],
        delta_macro=None if row is base else row["better_interval"] or row["delta_macro"],
        delta_micro=None if row is base else row["delta_micro"],
        alarms_as_deployed=(row["as_deployed"] or {}).get("alarms_per_document"),
        seconds=seconds,
        times_baseline=seconds / theirs if seconds and theirs else None,
        verdicts=row["stability"]["verdicts"] or {},
        failed=row["runs_failed"],
    )


def _rival(rows: Sequence[Row], leader: Row | None, base: Row | None) -> Rival | None:
    """The highest control that reads and keeps micro recall, where it stands above the leader."""
    best = _higher([r for r in rows if r["strategy"] not in READ_NOTHING and not r["costs_micro"]], leader)
    if best is None or leader is None:
        return None
    paired = base is not None and best["delta_macro"] and leader["delta_macro"]
    name = "delta_macro" if paired else "macro_recall_at_budget"
    return Rival(_choice(best, base), bool(best[name]["low"] > leader[name]["high"]))


def _unlearnt(rows: Sequence[Row], leader: Row | None) -> str | None:
    """The highest control that reads nothing, where it stands above the leader, whatever it costs."""
    best = _higher([row for row in rows if row["strategy"] in READ_NOTHING], leader)
    return best["strategy"] if best else None


def _higher(rows: Sequence[Row], leader: Row | None) -> Row | None:
    """The highest control of these, where it stands above the leader."""
    controls = [row for row in rows if row["kind"] == "control" and row["macro_recall_at_budget"]]
    best = max(controls, key=_macro, default=None)
    return best if best and leader and _macro(best) > _macro(leader) else None


def _macro(row: Row) -> float:
    return float(row["macro_recall_at_budget"]["mean"])


def _steps(gap: Gap | None, best: Choice | None, rival: Rival | None, short: Sequence[Short]) -> tuple[str, ...]:
    """What to do, the largest term first; the decision rule before terms that are no larger by their intervals, since
    it costs minutes.

    A term whose interval reaches down to zero is no reason to act, but for training, which has to be done somehow.
    Without the truth the decision rule is set against what the best row gains over the baseline; labels come last.
    """
    if gap is None:
        return (MODEL,) if best else ()
    terms = gap.whole.terms
    if LUMP in terms:
        gain = max(_gain(best), _gain(rival.choice if rival and rival.told else None))
        sizes = {DECISION: terms[DECISION].mean, MODEL: gain}
        kept = [name for name in sizes if name == MODEL or terms[DECISION].low > 0]
        return (*sorted(kept, key=lambda name: -sizes[name]), *((DATA,) if short else ()))
    kept = [name for name in (DATA, MODEL, DECISION) if name == MODEL or terms[name].low > 0]
    largest = max(kept, key=lambda name: terms[name].mean)
    cheap = DECISION in kept and terms[DECISION].high >= terms[largest].low
    return tuple(sorted(kept, key=lambda name: (not (cheap and name == DECISION), -terms[name].mean)))


def _gain(choice: Choice | None) -> float:
    return choice.delta_macro["mean"] if choice and choice.delta_macro else 0.0


def _counts(board: Board, shares: Shares | None) -> dict[str, int]:
    """What the advice is for: labels, training documents, and how many of these carry the rarest and the commonest."""
    counts = {"labels": int(board["dataset"].get("labels") or 0)}
    if documents := board["dataset"].get("train_documents"):
        counts["train_documents"] = int(documents)
    if shares is not None and len(shares.positives):
        counts["fewest"], counts["most"] = int(shares.positives.min()), int(shares.positives.max())
        counts["labels_under_10"] = int((shares.positives < 10).sum())
    return counts


def as_json(found: Recommendation, study: str, text: str) -> dict[str, Any]:
    """``recommendation.json``.

    ``verdict`` and ``steps`` as in :class:`Recommendation`; ``strategy`` is the row to train and ``expect`` what to
    expect of it against ``compared_with``: ``macro_recall`` and ``micro_recall`` are differences as shares with their
    95 % intervals (macro: simultaneous over the board), ``alarms_per_document`` the budget,
    ``alarms_per_document_as_deployed`` what its own cut raised, ``seconds`` a run, ``times_baseline`` the ratio, and
    ``runs`` how many settled or did not. ``cannot_be_told_from`` are ties of it. ``control_above`` is a control that
    reads and stands above every ranked row, ``unread_control_above`` one that reads nothing: no advice, a warning.
    ``gap`` is the decomposition of one row, ``labels_short_of_examples`` are labels that only examples will help.
    ``text`` says all of it.
    """
    return {
        "schema": SCHEMA,
        "study": study,
        "counts": dict(found.counts),
        "verdict": found.verdict,
        "steps": list(found.steps),
        "strategy": found.best.strategy if found.best else None,
        "compared_with": None if found.verdict in (NO_BASELINE, NONE) else BASELINE,
        "expect": _expected(found.best, found.alarms_per_document) if found.best else None,
        "cannot_be_told_from": list(found.ties),
        "higher_but_not_told_from_baseline": found.higher,
        "nearest": found.nearest.strategy if found.nearest else None,
        "smallest_detectable_difference": found.detectable,
        "gains_but_costs_micro": found.costly.strategy if found.costly else None,
        "unread_control_above": found.unlearnt,
        "control_above": None
        if found.rival is None
        else {
            "strategy": found.rival.choice.strategy,
            "told": found.rival.told,
            "expect": _expected(found.rival.choice, found.alarms_per_document),
        },
        "gap": None if found.gap is None else _gap(found.gap, found),
        "labels_short_of_examples": [asdict(label) for label in found.short],
        "text": text,
    }


def _gap(gap: Gap, found: Recommendation) -> dict[str, Any]:
    return asdict(gap) | {"truth_known": found.truth_known, "measured_on": measured_on(found.drawn)}


def _expected(choice: Choice, alarms: float | None) -> dict[str, Any]:
    return {
        "macro_recall_level": choice.macro_recall,
        "macro_recall": choice.delta_macro,
        "micro_recall": choice.delta_micro,
        "alarms_per_document": alarms,
        "alarms_per_document_as_deployed": choice.alarms_as_deployed,
        "seconds": choice.seconds,
        "times_baseline": choice.times_baseline,
        "runs": dict(choice.verdicts),
    }
