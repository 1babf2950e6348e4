"""Tables over several studies: does cheap predict dear, and who is first on average."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ablate.results.across import across
from ablate.results.across_formats import markdown as ranks_markdown
from ablate.results.agreement import Agreement, agreement
from ablate.results.columns import points
from ablate.results.folder import Read


class Pair(NamedTuple):
    """A cheap study and a dear one, and what is cheap about it."""

    what: str
    cheap: str
    dear: str


PAIRS = (
    Pair("a bag of words for frozen MiniLM", "catalogue-cooking-bag", "catalogue-cooking-minilm"),
    Pair("a bag of words for frozen MiniLM", "remedies-goemotions-bag", "goemotions-minilm"),
    Pair("a bag of words for frozen MiniLM", "remedies-reuters-bag", "reuters-minilm"),
    Pair("10 % of the documents for all", "tenth-cooking-minilm", "catalogue-cooking-minilm"),
    Pair("10 % of the documents for all", "tenth-goemotions-minilm", "goemotions-minilm"),
    Pair("10 % of the documents for all", "tenth-reuters-minilm", "reuters-minilm"),
    Pair("a generated twin for the real set", "twin-cooking-bag", "catalogue-cooking-bag"),
    Pair("a generated twin for the real set", "twin-goemotions-bag", "remedies-goemotions-bag"),
    Pair("a generated twin for the real set", "twin-reuters-bag", "remedies-reuters-bag"),
    Pair("frozen MiniLM for its last layers", "catalogue-cooking-minilm", "catalogue-cooking-last-layers"),
)

BOARDS: Mapping[str, Sequence[str]] = {
    "ranks-bag": ("catalogue-cooking-bag", "remedies-goemotions-bag", "remedies-reuters-bag"),
    "ranks-minilm": ("catalogue-cooking-minilm", "goemotions-minilm", "reuters-minilm"),
}
"""Boards of the three real sets side by side, by the name of their file."""


def agreements(studies: Mapping[str, Read]) -> list[tuple[Pair, Agreement]]:
    """All pairs."""
    return [(pair, agreement(studies[pair.cheap], studies[pair.dear])) for pair in PAIRS]


def agreements_markdown(found: Sequence[tuple[Pair, Agreement]]) -> str:
    """One line for each pair."""
    lines = [
        "# Does cheap predict dear?",
        "",
        "Made by `make evidence` from the records of the studies; `python -m ablate agreement CHEAP DEAR` says one "
        "line of it at length. Differences to the baseline in macro recall at equal alarms, the baseline among them. "
        "*tau*: Kendall's tau-b, with its 95 % interval over strategies. *itself*: tau between two halves of the dear "
        "study's seeds. *pairs*: in the same order, of those that the dear study tells apart. *lost*: points of macro "
        "recall that the dear study's best has more than the cheap study's first.",
        "",
        "| cheap for dear | cheap | dear | strategies | tau | itself | pairs | first in cheap | lost |",
        "| :-- | :-- | :-- | --: | --: | --: | --: | :-- | --: |",
    ]
    for pair, one in found:
        itself = "-" if one.itself is None else f"{one.itself:.2f}"
        share = f"{one.alike} of {one.apart}" + (f" ({one.alike / one.apart:.0%})" if one.apart else "")
        lost = f"{points(one.lost.mean)} [{points(one.lost.low)} {points(one.lost.high)}]"
        cells = (
            pair.what,
            pair.cheap,
            pair.dear,
            str(len(one.differences)),
            f"{one.tau.mean:.2f} [{one.tau.low:.2f} {one.tau.high:.2f}]",
            itself,
            share,
            one.chosen,
            "0" if one.chosen == one.best else lost,
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def ranks(studies: Mapping[str, Read], names: Sequence[str]) -> str:
    """Several boards side by side, with average ranks."""
    table = across([studies[name] for name in names])
    table["rows"] = [row for row in table["rows"] if all(row["cells"].values())]
    folders = " ".join(f"results/{name}" for name in names)
    return (
        "# Three data sets side by side\n\n"
        f"The rows that all boards have of `python -m ablate leaderboard {folders} --format md`.\n\n"
        + ranks_markdown(table)
    )


def convex(control: Mapping[str, Any]) -> str:
    """The convex control (``python -m evidence.convex``) as a table."""
    settings = control["settings"]
    lines = [
        "# The convex control",
        "",
        "Made by `make evidence` from results/convex-control/control.json, which `python -m evidence.convex` measured: "
        f"{settings['data']}, a linear model on {settings['width']} fixed features, penalty {settings['ridge']:g}. "
        "*All documents at once*: L-BFGS from prior biases until the largest slope is "
        f"{settings['shrink']:g} of the first, {settings['iterations']:,} iterations at most. *Batches*: Adam, "
        f"{settings['steps']:,} steps of {settings['batch_size']}, clipped at {settings['clip']:g}, means of "
        f"{settings['seeds']} seeds. Macro / micro recall at equal alarms; *rises*: iterations after which the loss "
        "was higher; *over the optimum*: the objective that batches reach over that of all documents at once.",
        "",
        "| weight of the rarest label | iterations | rises | slope shrank to | macro / micro "
        "| batches: over the optimum | macro / micro |",
        "| --: | --: | --: | --: | --: | --: | --: |",
    ]
    for row in control["rows"]:
        full, batches = row["full_batch"], row["batches"]
        cells = (
            f"{row['largest_weight']:,.0f}",
            f"{full['iterations']:,}",
            str(full["rises"]),
            f"{full['slope_shrank_to']:.1g}",
            f"{points(full['macro_recall'])} / {points(full['micro_recall'])}",
            f"{batches['objective'] / full['loss_at_end']:.2f}",
            f"{points(batches['macro_recall'])} / {points(batches['micro_recall'])}",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
