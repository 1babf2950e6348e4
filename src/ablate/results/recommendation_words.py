"""A recommendation in plain words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from ablate.data.splits import listed
from ablate.results.board import BASELINE
from ablate.results.columns import amount, duration, points
from ablate.results.decomposition import DATA, DECISION, LUMP, MODEL, NAMES, Gap, measured_on
from ablate.results.recommendation import (
    ALONE,
    BETTER,
    FLOOR,
    NO_BASELINE,
    NONE,
    UNJUDGED,
    Choice,
    Recommendation,
    Rival,
)
from ablate.results.recommendation_labels import FEW
from ablate.results.statistics import Interval
from ablate.results.story import some

SHOWN = 8  # labels that are named


def words(found: Recommendation) -> list[str]:
    """Paragraphs: for which counts, where the gap is, then numbered steps."""
    if found.verdict == NONE:
        return ["Nothing can be recommended: no strategy that keeps micro recall has a finished run."]
    steps = [STEPS[name](found) for name in found.steps]
    if len(steps) > 1:
        steps = [f"{place}. {step}" for place, step in enumerate(steps, start=1)]
    return [_head(found), *steps, *_caution(found)]


def _head(found: Recommendation) -> str:
    counts = found.counts
    size = f"For {_many(counts['labels'], 'label')}"
    if "train_documents" in counts:
        size += f" on {_many(counts['train_documents'], 'training document')}"
    if "fewest" in counts:
        under = _many(counts["labels_under_10"], "label")
        size += f" ({counts['fewest']:,} to {counts['most']:,} positives a label, {under} under 10)"
    return f"{size}: {_gap(found.gap, found.drawn)}" if found.gap else f"{size}:"


def _many(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'s' * (number != 1)}"


def _gap(gap: Gap, drawn: bool) -> str:
    """Where the missing recall goes, the largest part named."""
    terms = gap.whole.terms
    where = f" on {measured_on(drawn)}" if drawn else ""
    sums = ", ".join(f"{NAMES[name]} {points(term.mean)}" for name, term in terms.items())
    missing = points(gap.whole.missing.mean)
    said = f"at 0.5, {_named(gap)} misses {missing} points of macro recall{where}: {sums}."
    if LUMP in terms:
        return f"{said} Data, training and model cannot be separated here."
    name = gap.whole.mendable
    if name is None:
        return f"{said} None of it can be mended."
    near = [other for other in (DATA, MODEL, DECISION) if other != name and terms[other].high >= terms[name].low]
    like = f", and {' and '.join(NAMES[other] for other in near)} about as large" if near else ""
    return f"{said} The largest that can be mended: {NAMES[name]}{like}."


def _named(gap: Gap) -> str:
    return "the baseline" if gap.strategy == BASELINE else gap.strategy


def _rule(found: Recommendation) -> str:
    """Shift thresholds."""
    assert found.gap is not None
    gap = found.gap
    term = gap.whole.terms[DECISION]
    only = " (one run: documents only)" if gap.runs == 1 else ""
    first = "Shift thresholds first" if found.steps[0] == DECISION else "Shift thresholds"
    return (
        f"{first} (minutes, no retraining): {_named(gap)}'s own cut finds {_interval(term, sign=True)} points of macro "
        f"recall more than 0.5{only}, with {amount(gap.alarms_at_budget)} alarms per document instead of "
        f"{amount(gap.alarms_at_half)}."
    )


def _examples(found: Recommendation) -> str:
    """Label or augment."""
    names = listed([f"{label.label} ({label.training_positives:,})" for label in found.short], SHOWN)
    if not found.truth_known:
        return (
            f"Label or augment {_many(len(found.short), 'label')} with under {FEW} training documents, "
            "of which no strategy and no control finds "
            f"half: {names}."
        )
    assert found.gap is not None
    said = f"Label or augment: too few examples cost {_interval(found.gap.whole.terms[DATA])} points"
    if found.short:
        return f"{said}; first {names}."
    worst = max(found.gap.buckets, key=lambda name: found.gap.buckets[name].terms[DATA].mean)  # type: ignore[union-attr]
    return f"{said}, most of them in the bucket '{worst}'; no single label stands out."


def _training(found: Recommendation) -> str:
    """Which row to train."""
    parts = [_above(found.rival)] if found.rival and found.rival.told else []
    parts.append(_row(found))
    if found.rival and not found.rival.told:
        parts.append(_above(found.rival))
    return " ".join(part for part in parts if part)


def _row(found: Recommendation) -> str:
    best = found.best
    if best is None:
        return ""
    if found.verdict == BETTER:
        return _better(found, best)
    if found.verdict == NO_BASELINE:
        return (
            f"{best.strategy} leads with a macro recall of {_between(best.macro_recall)}, but there is no baseline to "
            f"compare with: add baseline to the strategies.{_tied(found)}"
        )
    if found.verdict == FLOOR:
        return (
            f"The baseline is under the micro floor. Of the rows above it train {best.strategy}: macro recall "
            f"{_between(best.macro_recall)}, {_change(best)}; it cannot be told from the baseline in macro recall."
        )
    level = f"macro recall {_between(best.macro_recall)}, {_alarms(found, best)}"
    if found.verdict == ALONE:
        costly = f" {_costly(found.costly)}." if found.costly else ""
        return f"Train the baseline and deploy its own cut: {level}. No other strategy is ranked.{costly}"
    assert found.nearest is not None
    near = found.nearest
    nearest = f"the highest of the others is {near.strategy}, {_between(near.delta_macro, sign=True)} points"
    if found.verdict == UNJUDGED:
        return (
            "Nothing can be judged: with one run of each, no strategy can be told from the baseline at its own cut; "
            f"{nearest}. Give --seeds 3 or more."
        )
    what, costly = "Nothing", ""
    if found.costly is not None:
        what, costly = "Nothing that keeps micro recall", f" {_costly(found.costly)}."
    return (
        f"{what} beats the baseline at its own cut: train plain cross-entropy and deploy that cut ({level}); "
        f"{nearest}.{_unseen(near)}{costly}"
    )


def _costly(choice: Choice) -> str:
    return (
        f"{choice.strategy} gains {_between(choice.delta_macro, sign=True)} points but costs micro recall "
        f"({_between(choice.delta_micro, sign=True)})"
    )


def _unseen(near: Choice) -> str:
    """How far the row's own interval reaches, which holds for the whole board."""
    if near.delta_macro is None:
        return ""
    half = (near.delta_macro["high"] - near.delta_macro["low"]) / 2
    return f" Its simultaneous interval reaches {points(half)} points to either side: less could have gone unseen."


def _better(found: Recommendation, best: Choice) -> str:
    said = (
        f"Train with {best.strategy}: expect macro recall {_between(best.delta_macro, sign=True)} points over the "
        f"baseline at its own cut, {_change(best)}, {_alarms(found, best)}, {_cost(best)}.{_tied(found)}"
    )
    if found.higher:
        said += f" {found.higher} stands higher, but cannot be told from the baseline."
    return said


def _change(choice: Choice) -> str:
    return f"micro recall {_between(choice.delta_micro, sign=True)}"


def _tied(found: Recommendation) -> str:
    if found.ties:
        return f" It cannot be told from {some(found.ties)}."
    return ""


def _alarms(found: Recommendation, choice: Choice) -> str:
    budget = found.alarms_per_document
    said = "the same alarms" if budget is None else f"{budget:.3g} alarms per document"
    return f"{said} ({amount(choice.alarms_as_deployed)} as deployed)"


def _cost(choice: Choice) -> str:
    if choice.seconds is None:
        return "at a cost that was not measured"
    ratio = choice.times_baseline
    if ratio is None:
        return f"in {duration(choice.seconds)} a run"
    times = "about as long as the baseline's" if 0.9 < ratio < 1.1 else f"{ratio:.2g} times the baseline's"
    return f"in {duration(choice.seconds)} a run, {times}"


def _above(rival: Rival) -> str:
    choice = rival.choice
    change = "" if choice.delta_macro is None else (
        f", {_between(choice.delta_macro, sign=True)} points over the baseline, {_change(choice)}"
    )  # fmt: skip
    level = f"macro recall {_between(choice.macro_recall)}{change}, {_cost(choice)}"
    if not rival.told:
        return (
            f"The control {choice.strategy} stands above every ranked row ({level}), but cannot be told from the "
            "highest of them."
        )
    return (
        f"The control {choice.strategy} beats every ranked row ({level}): use it, or a better backbone or more steps, "
        "before any remedy. What was trained stands below it."
    )


def _caution(found: Recommendation) -> list[str]:
    """What speaks against the figures: a control that reads nothing on top, runs of the row that did not settle."""
    said = []
    if found.unlearnt is not None:
        said.append(
            f"WARNING: {found.unlearnt} reads no text and stands above every ranked row: validation and test seem to "
            "differ, or nothing was learnt. Look at the split and the runs before any advice is taken."
        )
    return [*said, *(_loose(found.best) if found.best else [])]


def _loose(best: Choice) -> list[str]:
    """Runs that did not settle. The verdict ``failed`` also holds those without progress, which are in the means."""
    counts = Counter({name: best.verdicts.get(name, 0) for name in ("unfinished", "unstable")})
    counts["without progress"] = max(0, best.verdicts.get("failed", 0) - best.failed)
    counts["failed"] = best.failed
    total = _many(sum(best.verdicts.values()), "run")
    return [f"{n} of {total} of {best.strategy} {_did(name, n)}: {MEANING[name]}." for name, n in counts.items() if n]


def _did(name: str, n: int) -> str:
    return name if name == "failed" else f"{'was' if n == 1 else 'were'} {name}"


MEANING = {
    "unfinished": "still rising at the end, more steps may help",
    "unstable": "over a quarter of the gain was lost on the way; lower the rate, clip, or take larger batches",
    "without progress": "finished, and in the board's means, but the curve shows no gain; look at the learning rate",
    "failed": "no figure of a failed run is in the board's means",
}
"""What a verdict other than settled asks for."""


def _between(found: Mapping[str, float] | None, sign: bool = False) -> str:
    return "not known" if found is None else _interval(Interval(found["mean"], found["low"], found["high"]), sign)


def _interval(found: Interval, sign: bool = False) -> str:
    mean, low, high = (points(value, sign) for value in (found.mean, found.low, found.high))
    return f"{mean} [{low}, {high}]"


STEPS: dict[str, Callable[[Recommendation], str]] = {DECISION: _rule, DATA: _examples, MODEL: _training}
