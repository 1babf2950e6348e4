"""Small files of scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

NAMES = ("a", "b", "c")


def truth(documents: int, shares: tuple[float, ...], seed: int = 0) -> np.ndarray:
    """0/1 [documents, labels], each label on exactly its share of each half of the documents."""
    rng = np.random.default_rng(seed)
    half = documents // 2
    columns = [np.concatenate([rng.permutation(half) < round(share * half) for _ in range(2)]) for share in shares]
    return np.stack(columns, axis=1)


def frame(scores: np.ndarray, y: np.ndarray, names: tuple[str, ...] = NAMES) -> pd.DataFrame:
    """The first half of the rows is validation, the second test."""
    half = len(y) // 2
    labels = [[names[j] for j in np.flatnonzero(row)] for row in y]
    return pd.DataFrame(
        {
            "labels": labels,
            "split": ["validation"] * half + ["test"] * (len(y) - half),
            **{name: scores[:, j].astype(np.float64) for j, name in enumerate(names)},
        }
    )


def written(path: Path, table: pd.DataFrame) -> Path:
    """As Parquet or CSV, by suffix; lists become ``a|b`` in CSV."""
    if path.suffix == ".parquet":
        table.to_parquet(path, index=False)
    else:
        flat = table.assign(labels=["|".join(names) for names in table["labels"]]) if "labels" in table else table
        flat.to_csv(path, index=False)
    return path
