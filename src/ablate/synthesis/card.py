"""What a synthetic data set turned out to be: its card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ablate.synthesis.calibrated import calibration
from ablate.synthesis.chunks import SPLITS, TAIL, Chunk, Made
from ablate.synthesis.documents import Ints
from ablate.synthesis.posterior import Eta
from ablate.synthesis.world import World


@dataclass(frozen=True)
class Figures:
    """Sums over the documents of a chunk; ``alarms`` and ``found`` are those of the exact posterior above 0.5."""

    documents: int
    pairs: int
    squares: int
    words: int
    longest: int
    alarms: int
    found: int
    drawn_found: int

    @classmethod
    def of(cls, chunk: Chunk, made: Made, eta: Eta) -> Figures:
        """Of a chunk and its posterior; ``drawn_found`` counts the tail documents whose own label is found."""
        sizes = np.diff(made.labels.indptr)
        lengths = made.tokens.plain + np.bincount(made.tokens.row, minlength=chunk.size)
        called = np.flatnonzero(eta.values > 0.5)
        row = np.searchsorted(eta.indptr, called, side="right") - 1
        alarms = row * eta.width + eta.indices[called]
        true = made.labels.row * eta.width + made.labels.indices
        own = np.zeros(0, np.int64) if made.given is None else np.arange(chunk.size) * eta.width + made.given
        return cls(
            documents=chunk.size,
            pairs=int(sizes.sum()),
            squares=int((sizes**2).sum()),
            words=int(lengths.sum()),
            longest=int(lengths.max()),
            alarms=len(alarms),
            found=_among(true, alarms),
            drawn_found=_among(own, alarms),
        )

    @classmethod
    def read(cls, values: Mapping[str, int]) -> Figures:
        """From what :meth:`told` gives."""
        return cls(**values)

    def told(self) -> dict[str, int]:
        """As plain numbers."""
        return asdict(self)


def _among(values: Ints, ascending: Ints) -> int:
    """How many of the values are there."""
    place = np.searchsorted(ascending, values)
    return int((ascending.take(place, mode="clip") == values).sum()) if len(ascending) else 0


def card(world: World, chunks: list[tuple[int, Figures]]) -> dict[str, Any]:
    """The card of a data set from the figures of its chunks, by split number."""
    spec, counts = world.spec, world.counts
    by_split = {name: [f for split, f in chunks if split == number] for number, name in enumerate(SPLITS)}
    body = [figures for split, figures in chunks if split != TAIL]
    documents, pairs = sum(f.documents for f in body), sum(f.pairs for f in body)
    mean = pairs / documents
    values: dict[str, Any] = {
        "name": spec.name,
        "note": spec.note,
        "seed": spec.seed,
        "spec_sha256": spec.key,
        "documents": {name: sum(f.documents for f in found) for name, found in by_split.items()},
        "labels": spec.labels,
        "training_positives": {
            "total": int(counts.sum()),
            "smallest": int(counts.min()),
            "median": float(np.median(counts)),
            "largest": int(counts.max()),
            "labels_under_10": int((counts < 10).sum()),
            "labels_over_100000": int((counts > 100_000).sum()),
        },
        "labels_per_document": {
            "mean": round(mean, 4),
            "sd": round(max(sum(f.squares for f in body) / documents - mean**2, 0) ** 0.5, 4),
        },
        "words_per_document": {
            "mean": round(sum(f.words for f in body) / documents, 3),
            "longest": max(f.longest for f in body),
        },
        "oracle_at_half": _oracle(by_split["test"], by_split["tail"]),
        "names": list(world.names),
        "spec": spec.model_dump(mode="json"),
    }
    calibrated = calibration(spec)
    return values if calibrated is None else {**values, "calibration": calibrated}


def _oracle(test: list[Figures], tail: list[Figures]) -> dict[str, float]:
    """Recall of the exact posterior above 0.5: micro on test documents, macro on documents drawn for each label."""
    pairs = sum(f.pairs for f in test)
    found = {
        "micro_recall": sum(f.found for f in test) / max(pairs, 1),
        "alarms_per_document": sum(f.alarms for f in test) / sum(f.documents for f in test),
    }
    if tail:
        found["macro_recall"] = sum(f.drawn_found for f in tail) / sum(f.documents for f in tail)
    return {name: round(value, 4) for name, value in found.items()}


def _calibrated(values: Mapping[str, Any]) -> str:
    """A line of the card for people, where the spec is calibrated."""
    if "calibration" not in values:
        return ""
    row = values["calibration"]
    target, seeds, steps = row["target"], len(row["per_seed"]), row["settings"]["steps"]
    goal = f"micro {target['micro']:.0%} and macro {target['macro']:.0%}"
    return f"""- Calibrated for {goal}: plain cross-entropy on a bag of words
  ({steps:,} steps, {seeds} seeds) has micro recall {row["micro"]:.1%} and macro {row["macro"]:.1%} at 0.5.
"""


def readme(values: Mapping[str, Any]) -> str:
    """The card for people."""
    sizes, positives, oracle = values["documents"], values["training_positives"], values["oracle_at_half"]
    words, cardinality = values["words_per_document"], values["labels_per_document"]["mean"]
    documents = ", ".join(f"{number:,} {name}" for name, number in sizes.items())
    macro = f" and macro {oracle['macro_recall']:.1%}" if "macro_recall" in oracle else ""
    return f"""# {values["name"]}

{values["note"]}

Synthetic: real English words, no text of anybody. Made by `ablate synth` from seed {values["seed"]}; all that
determines it is in `card.json` under `spec`.

- Documents: {documents}.
- Labels: {values["labels"]}, with {positives["smallest"]:,} to {positives["largest"]:,} training documents (median
  {positives["median"]:,.0f}; {positives["labels_under_10"]} under 10); {cardinality:.2f} a document.
- Words: {words["mean"]:.1f} a document, {words["longest"]} at most; nothing is truncated.
- The exact posterior called at 0.5 has micro recall {oracle["micro_recall"]:.1%}{macro}: no model can do better by more
  than chance.
{_calibrated(values)}
| files | columns |
|---|---|
| `train-*.parquet`, `validation-*`, `test-*` | `text`, `labels`, `split` |
| `tail/tail-*.parquet` | the same, and `drawn_for`: test documents drawn given that label, as many for each label |
| `posterior/*.parquet` | `label` (number in `names` of `card.json`), `eta`: P(label given text), if above 0.0001 |

Words come from BERT's and GPT-2's vocabularies, neighbourhoods of meaning from WordNet (Princeton University).
"""
