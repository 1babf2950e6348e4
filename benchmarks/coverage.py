"""How often the intervals of a board hold, and how wide they are, over simulated studies.

``python -m benchmarks.coverage`` prints the table of ``docs/decisions/0008-intervals.md``. Nothing is timed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from scipy import stats

from ablate.results.statistics import LEVEL, Sample, interval

sys.path.append(str(Path(__file__).parent.parent / "tests" / "results"))
from simulated_studies import POINT, gaussian, long_tailed

STUDIES = 1000
RUNS = (3, 5, 10)


def main() -> None:
    print("noise of documents, in deviations of a seed | runs | t covers | ours covers | width, ours over t")
    for documents in (0.2, 1.0, 3.0):
        for runs in RUNS:
            rng = np.random.default_rng([1, runs, int(10 * documents)])
            studies = [(gaussian(rng, [0.4], runs, [POINT], documents * POINT, 0.0)[0], 0.4) for _ in range(STUDIES)]
            print(f"{documents} | {runs} | {_line(studies)}", flush=True)
    for runs in RUNS:
        print(f"alarm sets, long tail | {runs} | {_line([long_tailed(s, runs) for s in range(STUDIES)])}", flush=True)


def _line(studies: list[tuple[Sample, float]]) -> str:
    seeds = [_t(sample) for sample, _ in studies]
    ours = [(found.low, found.high) for found in (interval(sample) for sample, _ in studies)]
    covers = [
        np.mean([low <= true <= high for (low, high), (_, true) in zip(i, studies, strict=True)]) for i in (seeds, ours)
    ]
    wider = np.mean([b - a for a, b in ours]) / np.mean([b - a for a, b in seeds])
    return f"{covers[0]:.1%} | {covers[1]:.1%} | {wider:.2f}"


def _t(sample: Sample) -> tuple[float, float]:
    values = sample.values
    half = stats.t.ppf((1 + LEVEL) / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return values.mean() - half, values.mean() + half


if __name__ == "__main__":
    main()
