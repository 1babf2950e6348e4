"""The measured ratios as a table for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: What is done and what it is measured against, by key; also the order of the rows.
ROWS: dict[str, tuple[str, str]] = {
    "full_vs_trainer_bf16": (
        "full fine-tuning, MiniLM, 485 labels, batch 32, documents of 8-128 tokens",
        "Trainer, bf16, random batches",
    ),
    "full_vs_trainer_default": ("the same", "Trainer as documented (fp32)"),
    "full_vs_trainer_grouped": ("the same", "Trainer, bf16, group_by_length (which changes the batches)"),
    "frozen4_vs_trainer": (
        "bottom 4 of 6 layers frozen, 3 epochs, cache building included",
        "Trainer with the same layers frozen, bf16",
    ),
    "head_sweep_vs_trainer": (
        "head-only, 20 trials x 12 epochs on the cooking titles, encoding included",
        "Optuna + Trainer, the same trials (extrapolated)",
    ),
    "share_of_peak": (
        "model FLOP/s of full fine-tuning (6 x non-embedding parameters, head included, x tokens)",
        "a 1536^3 matrix product in the same precision",
    ),
    "metrics_vs_torchmetrics": (
        "recall at budget, F1 and AP over 200,000 x 485",
        "torchmetrics doing recall, F1 and average precision",
    ),
    "split_vs_iterstrat": ("stratified split of 250,000 x 485", "iterative-stratification"),
    "linear_in_documents": ("bag, 1,000,000 documents, time per document", "itself with 100,000 documents"),
    "generator_vs_sklearn": (
        "documents/s of `forum-decision` as shipped, text and posterior written",
        "sklearn's make_multilabel_classification at the same documents, labels and mean length",
    ),
    "generator_linear": ("time per document at 1,000,000 documents", "at 100,000"),
}
#: Keys whose goal is a bound from above.
AT_MOST = ("linear_in_documents", "generator_linear")


def reached(key: str, value: float, goal: float) -> bool:
    """Whether a ratio is as good as it has to be."""
    return value <= goal if key in AT_MOST else value >= goal


def markdown(latest: Mapping[str, Any]) -> str:
    """``latest.md`` from what ``latest.json`` holds."""
    told = "Ratios on one machine, side by side, the median of alternating repeats; `make bench` measures them."
    head = "| key | work | against | ratio | goal | | note |\n|---|---|---|---|---|---|---|"
    rows = [_row(key, latest["ratios"][key]) for key in ordered(latest["ratios"])]
    return "\n\n".join(["# How fast", told, "\n".join([head, *rows]), _machine(latest)]) + "\n"


def ordered(keys: Mapping[str, Any]) -> list[str]:
    """Keys in the order of :data:`ROWS`, unknown ones last, by name."""
    place = {key: number for number, key in enumerate(ROWS)}
    return sorted(keys, key=lambda key: (place.get(key, len(place)), key))


def quantity(key: str, value: float) -> str:
    """A ratio as a person writes it: ``2.6x``, ``41 %``, ``1.03``."""
    if key == "share_of_peak":
        return f"{100 * value:.0f} %"
    if key in AT_MOST:
        return f"{value:.2f}"
    return f"{value:.3g}x" if value < 100 else f"{value:.0f}x"


def _row(key: str, one: Mapping[str, Any]) -> str:
    work, against = ROWS.get(key, ("", ""))
    bound = f"at most {quantity(key, one['goal'])}" if key in AT_MOST else quantity(key, one["goal"])
    verdict = "reached" if reached(key, one["value"], one["goal"]) else "**short**"
    cells = [f"`{key}`", work, against, quantity(key, one["value"]), bound, verdict, one["note"]]
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _machine(latest: Mapping[str, Any]) -> str:
    told = latest["machine"]
    place = f"{told['processor']}, {told['cores']} cores, {told['capability']}, {told['memory_gib']} GiB"
    packages = ", ".join(f"{name} {version}" for name, version in latest["versions"].items())
    return (
        f"Machine: {place}; {told['threads']} threads.\nVersions: {packages}.\nCommit: {latest['commit'] or 'unknown'}."
    )
