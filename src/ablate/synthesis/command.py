"""``ablate synth`` at a terminal."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ablate.synthesis.folder import CARD, write
from ablate.synthesis.presets import resolve


def run(name: str, out: Path, documents: int | None, workers: int) -> None:
    """Write a data set and say what it is."""
    write(resolve(name).scaled(documents), out, workers, _told if sys.stderr.isatty() else lambda done, chunks: None)
    card = json.loads((out / CARD).read_text("utf-8"))
    sizes, oracle = card["documents"], card["oracle_at_half"]
    positives = card["training_positives"]
    print(f"{card['name']}: " + ", ".join(f"{number:,} {split}" for split, number in sizes.items()) + " documents")
    print(f"{card['labels']} labels, {positives['smallest']:,} to {positives['largest']:,} training documents each")
    macro = f", macro {oracle['macro_recall']:.1%}" if "macro_recall" in oracle else ""
    print(f"recall of the exact posterior at 0.5: micro {oracle['micro_recall']:.1%}{macro}")
    print(f"written to {out}")


def _told(done: int, chunks: int) -> None:
    print(f"\r{done} of {chunks} chunks", end="\n" if done == chunks else "", file=sys.stderr, flush=True)
