"""``labels.csv``: every label under every strategy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ablate.results.confirmed import confirmed, finished
from ablate.results.record import Body, Records, Truth
from ablate.results.wilson import wilson

COLUMNS = ("label", "strategy", "training_positives", "test_positives", "recall", "alarms", "low", "high", "runs")


def labels_table(bodies: Sequence[Body], store: Records) -> pd.DataFrame:
    """One line per label and strategy: training and test positives, recall at budget with its interval, alarms.

    Recall and alarms are means over the confirm runs. ``low`` and ``high`` are the 95 % Wilson score interval of the
    mean recall over the label's test positives: it speaks of new documents, not of new runs. Without a test positive
    there is no recall and no interval.
    """
    arms = sorted({b["arm"] for b in bodies})
    frames = [frame for arm in arms if (frame := _arm(arm, bodies, store)) is not None]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(COLUMNS))


def _arm(arm: str, bodies: Sequence[Body], store: Records) -> pd.DataFrame | None:
    runs, _ = confirmed([b for b in bodies if b["arm"] == arm])
    ended = finished(runs)
    if not ended:
        return None
    arrays = [store.arrays(b["key"]) for b in ended]
    found = np.mean([a["true_positives_at_budget"] for a in arrays], axis=0)
    alarms = np.mean([a["alarms_at_budget"] for a in arrays], axis=0)
    return _frame(arm, store.truth(ended[0]["truth"]), found, alarms, len(ended))


def _frame(arm: str, truth: Truth, found: NDArray[np.float64], alarms: NDArray[np.float64], runs: int) -> pd.DataFrame:
    positives = truth.labels.counts()
    low, high = wilson(found, positives)
    return pd.DataFrame(
        {
            "label": list(truth.names),
            "strategy": arm,
            "training_positives": truth.counts_train,
            "test_positives": positives,
            "recall": np.round(np.where(positives > 0, found / np.maximum(positives, 1), np.nan), 6),
            "alarms": np.round(alarms, 6),
            "low": np.round(low, 6),
            "high": np.round(high, 6),
            "runs": runs,
        }
    )
