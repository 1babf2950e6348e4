"""Where names stand beside their points, so that none covers another or a point."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ablate.results.report.drawing import SMALL, Point, breadth


@dataclass(frozen=True)
class Placed:
    """A name with its baseline's start; ``far`` asks for a line to its point."""

    at: Point
    far: bool


Box = tuple[float, float, float, float]
WAYS = 16
NEAR, OVER_A_POINT = 4.0, 40.0  # pixels from a line that count as on it, and what each such point costs
PER_PIXEL = 0.5  # what a pixel of distance costs, in square pixels of a line that is covered
STEPS = (9.0, 16.0, 26.0, 38.0, 52.0, 68.0, 86.0, 110.0)  # pixels from the point, the nearest first


def place(
    points: Sequence[Point], names: Sequence[str], within: Box, lines: Sequence[Box] = (), size: float = SMALL
) -> list[Placed]:
    """One place for each name, greedily, the most crowded point first.

    Names keep off points and each other, and rather off ``lines``. ``within`` and ``lines`` are boxes: left, top,
    right, bottom.
    """
    taken: list[Box] = [(x - 6, y - 6, x + 6, y + 6) for x, y in points]
    found: dict[int, Placed] = {}
    order = sorted(range(len(points)), key=lambda i: (_room(points, i), i))
    for i in order:
        boxes = _candidates(points[i], breadth(names[i], size), size)
        others = [p for j, p in enumerate(points) if j != i]
        costs = [_cost(b, within, taken, lines) + PER_PIXEL * s + _crossed(points[i], b, others) for s, b in boxes]
        step, used = boxes[costs.index(min(costs))]
        found[i] = Placed((used[0], used[3] - 0.25 * size), step > STEPS[1])
        taken.append(used)
    return [found[i] for i in range(len(points))]


def _room(points: Sequence[Point], i: int) -> float:
    return min((math.dist(points[i], p) for j, p in enumerate(points) if j != i), default=math.inf)


def _candidates(point: Point, wide: float, size: float) -> list[tuple[float, Box]]:
    return [(step, _box(point, wide, size, step, way)) for step in STEPS for way in range(WAYS)]


def _box(point: Point, wide: float, size: float, step: float, way: int) -> Box:
    """The box of a name whose nearest edge lies ``step`` from the point, to the right first."""
    angle = 2 * math.pi * way / WAYS
    x, y = point[0] + step * math.cos(angle), point[1] - step * math.sin(angle)
    left = x - wide / 2 + wide / 2 * math.cos(angle)
    top = y - size / 2 - size / 2 * math.sin(angle)
    return left, top, left + wide, top + size


def _cost(box: Box, within: Box, taken: Sequence[Box], lines: Sequence[Box]) -> float:
    outside = max(0.0, within[0] - box[0]) + max(0.0, box[2] - within[2])
    outside += max(0.0, within[1] - box[1]) + max(0.0, box[3] - within[3])
    covered = sum(overlap(box, other) for other in taken)
    return 100 * outside + 10 * covered + 0.25 * sum(overlap(box, line) for line in lines)


def _crossed(point: Point, box: Box, others: Sequence[Point]) -> float:
    """What the way from a point to its name costs where it runs over other points: it would seem to be theirs."""
    end = min(max(point[0], box[0]), box[2]), min(max(point[1], box[1]), box[3])
    return OVER_A_POINT * sum(_from_segment(other, point, end) < NEAR for other in others)


def _from_segment(point: Point, start: Point, end: Point) -> float:
    """Distance of a point from a segment."""
    along = (end[0] - start[0], end[1] - start[1])
    square = along[0] ** 2 + along[1] ** 2
    share = ((point[0] - start[0]) * along[0] + (point[1] - start[1]) * along[1]) / square if square else 0.0
    share = min(1.0, max(0.0, share))
    return math.dist(point, (start[0] + share * along[0], start[1] + share * along[1]))


def overlap(a: Box, b: Box) -> float:
    """Area that two boxes share."""
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
