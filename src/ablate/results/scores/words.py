"""An audit in plain words, for 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from ablate.data.splits import listed
from ablate.results.scores.separation import CHANCE, ENOUGH, GENEROUS, REACH, UNKNOWN

if TYPE_CHECKING:
    from ablate.results.scores.audit import Audit

WIDTH = 80
TITLES = {
    "at_half": "at 0.5, as it is",
    "one cut": "one cut for all labels",
    "prior-adjusted cut": "prior-adjusted cut",
    "own cut per label": "own cut per label",
}


def report(audit: Audit) -> str:
    """What it was made from, the rules side by side, the share of the decision, labels beyond any cut, notes."""
    f = audit.figures
    parts = [_head(f), _table(f), _decision(f), _deploy(f), _labels(audit.labels)]
    if f["buckets"]:
        parts.append(_buckets(f["buckets"]))
    parts += ["\n".join(_wrap(f"Note: {note}.") for note in audit.notes)]
    return "\n\n".join(part for part in parts if part) + "\n"


def told(audit: Audit) -> str:
    """What the table of rules comes to, in one paragraph."""
    f = audit.figures
    return " ".join(" ".join((_head(f), _decision(f), _deploy(f), _labels(audit.labels))).split())


def _head(f: Mapping[str, Any]) -> str:
    documents = f["documents"]
    return _wrap(
        f"{f['name']}: {f['labels']:,} labels; cuts chosen on {documents['validation']:,} validation documents, "
        f"judged on {documents['test']:,} test documents. Budget: {f['alarms_per_document']:.2f} alarms per document."
    )


def _table(f: Mapping[str, Any]) -> str:
    rules, name = f["rules"], f["deployed"]["rule"]
    head = f"{'rule':<30}{'macro recall':>13}{'micro recall':>13}{'precision':>10}{'alarms/doc':>11}"
    lines = [_line(TITLES[key] + (" *" if key == name else ""), rules[key]) for key in TITLES]
    return "\n".join([head, *lines, _line("* as deployed on test", rules["as_deployed"])])


def _line(title: str, figures: Mapping[str, float | None]) -> str:
    shares = [_percent(figures[key]) for key in ("macro_recall", "micro_recall", "precision")]
    alarms = figures["alarms_per_document"] or 0.0
    return f"{title:<30}{shares[0]:>13}{shares[1]:>13}{shares[2]:>10}{alarms:>11.2f}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"


def _decision(f: Mapping[str, Any]) -> str:
    gains, half = f["over_half"], f["rules"]["at_half"]
    missing = 100 * (1 - (half["macro_recall"] or 0.0))
    macro, micro = gains["macro_recall"], gains["micro_recall"]
    same = f["over_one_cut"]["macro_recall"]
    best = f["rules"][f["deployed"]["rule"]]
    return "\n".join(
        [
            _wrap(
                f"At 0.5 macro recall misses {missing:.1f} points. The decision rule alone accounts for "
                f"{_points(macro)} of them (micro {_points(micro)}), with {best['alarms_per_document']:.2f} alarms per "
                f"document instead of {half['alarms_per_document']:.2f}; no training is needed for that."
                + (" It is negative: what 0.5 finds more, it pays with those alarms." if macro["mean"] < 0 else "")
            ),
            _wrap(f"At equal alarms, the rule marked * is worth {_points(same)} points of macro recall over one cut."),
        ]
    )


def _points(gain: Mapping[str, float]) -> str:
    low, high = (100 * gain[end] + 0.0 for end in ("low", "high"))
    return f"{100 * gain['mean']:+.1f} [{low:+.1f} {high:+.1f}]"


def _deploy(f: Mapping[str, Any]) -> str:
    d, real = f["deployed"], f["rules"]["as_deployed"]["alarms_per_document"]
    strength = d["tau"] * d["scale"]
    cut = f"one cut on z - {strength:.3g} log(training share) (tau {d['tau']:g})" if strength else "one cut on z"
    how = cut if d["rule"] == "prior-adjusted cut" else f"each label centred at its training share, then {cut}"
    return _wrap(
        f"Deploy the rule marked *: {how}. It raises {real:.2f} alarms per document on test. "
        f"--cuts FILE writes the cut of each label, in {f['scale']}."
    )


def _labels(labels: pd.DataFrame) -> str:
    beyond = labels[labels["verdict"].isin([CHANCE, REACH])].sort_values("cases", ascending=False)
    unknown = int((labels["verdict"] == UNKNOWN).sum())
    few = f" {unknown:,} labels have under {ENOUGH} cases in this file: nothing can be said of them." if unknown else ""
    if not len(beyond):
        return _wrap("No label with enough cases is beyond the help of a cut." + few)
    parts = []
    for verdict, meaning in (
        (CHANCE, "whose scores are no better than chance"),
        (REACH, f"of which even {GENEROUS} alarms per case find less than half"),
    ):
        names = beyond["label"][beyond["verdict"] == verdict].tolist()
        if names:
            parts.append(f"{len(names):,} {meaning} ({listed(names, 6)})")
    text = f"Nothing but data (or a model that reads better) will help {len(beyond):,} labels, most cases first: "
    return _wrap(text + "; ".join(parts) + "." + few)


def _buckets(buckets: Mapping[str, Mapping[str, Any]]) -> str:
    ranges = {"rare": "under 10", "few": "10-99", "medium": "100-9,999", "head": "10,000 and more"}
    lines = [
        f"{ranges[name]:<30}{_percent(b['macro_recall']):>13}{b['labels']:>13,}{b['test_positives']:>15,}"
        for name, b in buckets.items()
        if b["labels"]
    ]
    head = f"{'training positives, rule *':<30}{'macro recall':>13}{'labels':>13}{'test positives':>15}"
    return "\n".join([head, *lines])


def _wrap(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_on_hyphens=False)
