"""What more training documents have brought: studies of the same data at several sizes, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, log2

from ablate.errors import AblateError
from ablate.results.folder import Read
from ablate.results.statistics import Interval


@dataclass(frozen=True)
class Point:
    """Macro recall at budget of one strategy in one study."""

    documents: int
    macro: Interval


@dataclass(frozen=True)
class Curve:
    """One strategy over the number of training documents, fewest first."""

    strategy: str
    points: tuple[Point, ...]

    @property
    def per_doubling(self) -> Interval:
        """What each doubling from the fewest to the most documents has brought, on average.

        The two ends are other runs on other documents, so that their errors add up as squares.
        """
        first, last = self.points[0], self.points[-1]
        doublings = log2(last.documents / first.documents)
        change = (last.macro.mean - first.macro.mean) / doublings
        down = hypot(last.macro.mean - last.macro.low, first.macro.high - first.macro.mean) / doublings
        up = hypot(last.macro.high - last.macro.mean, first.macro.mean - first.macro.low) / doublings
        return Interval(change, change - down, change + up)


def learning_curves(studies: Sequence[Read]) -> list[Curve]:
    """A curve for each strategy that two studies or more have confirmed, in the order of the largest study's board.

    A subset made with ``--documents`` takes its share of each split and keeps the tail, so that its test documents
    are others, and rare labels lose fewer examples than frequent ones.

    Raises:
        AblateError: the studies are not of the same data, or two of them have as many training documents.
    """
    if len(studies) < 2:
        return []
    by_size: dict[int, Read] = {}
    for study in studies:
        dataset, first = study.board["dataset"], studies[0].board["dataset"]
        for key in ("name", "labels"):
            if dataset.get(key) != first.get(key):
                raise AblateError(
                    f"'{study.folder}' is of other data than '{studies[0].folder}': {key} is {dataset.get(key)} there "
                    f"and {first.get(key)} here; give studies of one data set that differ in --documents"
                )
        size = dataset.get("train_documents")
        if not size:
            raise AblateError(f"'{study.folder}' has no finished record; run it, or leave it out")
        if size in by_size:
            raise AblateError(
                f"'{study.folder}' and '{by_size[size].folder}' both have {size:,} training documents; "
                "give studies that differ in --documents"
            )
        by_size[size] = study
    names = [row["strategy"] for row in by_size[max(by_size)].board["rows"] if row["kind"] != "ceiling"]
    curves = [Curve(name, tuple(_points(name, by_size))) for name in names]
    return [curve for curve in curves if len(curve.points) > 1]


def _points(name: str, by_size: dict[int, Read]) -> list[Point]:
    found = []
    for size in sorted(by_size):
        row = next((r for r in by_size[size].board["rows"] if r["strategy"] == name), None)
        if row is not None and (macro := row["macro_recall_at_budget"]):
            found.append(Point(size, Interval(macro["mean"], macro["low"], macro["high"])))
    return found
