"""Who leads the ranked rows of a board, and which of them cannot be told apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.results.rows import Row, between
from ablate.results.statistics import Sample
from ablate.results.ties import Pairs, pairwise


def lead(ranked: Sequence[tuple[Row, Sample]], baseline: str) -> dict[str, Any] | None:
    """Fill in what ranked rows, highest first, say of each other; gives the leader, who is next, and who is tied.

    Each row gets its rank interval, its difference to the leader, the names of those that it is not told from, and
    whether the leader is one of them. None where nothing is ranked.
    """
    if not ranked:
        return None
    table = [row for row, _ in ranked]
    names = [row["strategy"] for row in table]
    pairs = pairwise([sample for _, sample in ranked])
    apart = _apart(table, pairs, baseline)
    for i, row in enumerate(table):
        row["rank_interval"] = dict(zip(("low", "high"), pairs.ranks(i), strict=True))
        row["delta_to_leader"] = between(pairs.interval(i, 0))
        others = [j for j in range(len(table)) if j != i and pairs.interval(i, j) is not None]
        row["not_told_from"] = [names[j] for j in others if not apart[i, j]]
        row["tied_with_leader"] = names[0] in row["not_told_from"] if i and 0 in others else None
    table[0]["tied_with_leader"] = bool(table[0]["not_told_from"])
    first = pairs.interval(0, 1) if len(table) > 1 else None
    return {
        "strategy": names[0],
        "next": names[1] if len(names) > 1 else None,
        "lead": between(first),
        "told_from_next": bool(first and apart[0, 1]),
        "tied": list(table[0]["not_told_from"]),
    }


def _apart(table: Sequence[Row], pairs: Pairs, baseline: str) -> NDArray[np.bool_]:
    """Which rows are told apart, [m, m]: by all pairs at once, or as better than the baseline.

    Comparing with the baseline alone is the stronger test of that one question; a row that it calls better would
    contradict itself if it were said to be tied with the baseline.
    """
    apart = pairs.above | pairs.above.T
    better = np.array([bool(row["better"]) for row in table])
    for i, row in enumerate(table):
        if row["strategy"] == baseline:
            apart[i] |= better
            apart[:, i] |= better
    return apart
