"""How far an axis reaches, so that one row far away does not squeeze all others into a corner."""

from __future__ import annotations

from collections.abc import Sequence

STRETCH = 1.8  # times that one more row may widen the axis


Span = tuple[float, float]


def reach(spans: Sequence[Span], least: float = 1.0, always: Sequence[Span] = ()) -> Span:
    """The range that holds most of these spans; the first is always within, and so are those of ``always``.

    Spans are taken in from the nearest to the first outwards, until the next would make the range more than
    :data:`STRETCH` times as wide; at least half of them are taken in.
    """
    middle = (spans[0][0] + spans[0][1]) / 2
    low = min(spans[0][0], middle - least / 2, *(left for left, _ in always))
    high = max(spans[0][1], middle + least / 2, *(right for _, right in always))
    ordered = sorted(spans, key=lambda span: max(abs(span[0] - middle), abs(span[1] - middle)))
    for taken, (left, right) in enumerate(ordered):
        wider = max(high, right) - min(low, left)
        if taken >= (len(spans) + 1) // 2 and wider > STRETCH * (high - low):
            break
        low, high = min(low, left), max(high, right)
    return low, high
