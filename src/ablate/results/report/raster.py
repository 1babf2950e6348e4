"""A drawing as PNG. The same drawing gives the same bytes: no date, no name of a machine, a font that comes along."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from ablate.results.report.drawing import TONES, Area, Dot, Drawing, Label, Mark, Path

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DENSITY = 2  # dots per pixel of the drawing
INCH = 96  # pixels of the drawing
POINT = 72 / INCH  # of a pixel


def png(drawing: Drawing) -> bytes:
    """The drawing on white paper, at twice its size in pixels."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"font.family": "DejaVu Sans", "text.parse_math": False, "path.simplify": False}):
        size = (drawing.width / INCH, drawing.height / INCH)
        figure = Figure(figsize=size, dpi=INCH * DENSITY, facecolor=_colour("paper"))
        FigureCanvasAgg(figure)
        sheet = figure.add_axes((0, 0, 1, 1))
        left, top = drawing.corner
        sheet.set(xlim=(left, left + drawing.width), ylim=(top + drawing.height, top))
        sheet.axis("off")
        for level, mark in enumerate(drawing.marks):
            _paint(sheet, mark, level)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi="figure", facecolor=_colour("paper"), metadata={"Software": None})
    return buffer.getvalue()


def _colour(tone: str) -> str:
    return TONES[tone][0]


def _paint(sheet: Axes, mark: Mark, level: int) -> None:
    from matplotlib.patches import Circle, Polygon

    colour = _colour(mark.tone)
    match mark:
        case Path():
            x, y = zip(*mark.points, strict=True)
            style = (0, (3, 3)) if mark.dashed else "solid"
            sheet.plot(
                x, y, color=colour, linewidth=mark.width * POINT, alpha=mark.opacity, linestyle=style, zorder=level
            )
        case Area():
            sheet.add_patch(Polygon(list(mark.points), facecolor=colour, alpha=mark.opacity, linewidth=0, zorder=level))
        case Dot():
            face = _colour("paper") if mark.hollow else colour
            ring = {"facecolor": face, "edgecolor": colour, "linewidth": 1.5 * POINT}
            sheet.add_patch(Circle(mark.centre, mark.radius, alpha=mark.opacity, zorder=level, **ring))
        case Label():
            _write(sheet, mark, colour, level)


def _write(sheet: Axes, mark: Label, colour: str, level: int) -> None:
    from matplotlib.patheffects import withStroke

    side = {"start": "left", "middle": "center", "end": "right"}[mark.anchor]
    weight = "bold" if mark.bold else "normal"
    # DejaVu Sans is a tenth wider than the fonts of a browser, for which the sheet was laid out
    size = 0.92 * mark.size * POINT
    words = sheet.text(*mark.at, mark.text, color=colour, fontsize=size, fontweight=weight, ha=side, va="baseline")
    words.set_zorder(level)
    if mark.halo:
        words.set_path_effects([withStroke(linewidth=4 * POINT, foreground=_colour("paper"))])
