"""A drawing as SVG: within the page, coloured by the page's theme, or as a file of its own."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ablate.results.report.drawing import TONES, Area, Dot, Drawing, Label, Mark, Path, Point

FONT = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"


def inline(drawing: Drawing, name: str, title: str, alternative: str, style: str) -> str:
    """An ``svg`` element with its name and its text alternative; colours are variables of the page.

    ``name`` makes the ids unique, ``style`` is a class of the page's style sheet.
    """
    named = (
        f'<svg class="{style}" viewBox="{_view(drawing)}" role="img" '
        f'style="max-width:{_n(drawing.width)}px" aria-labelledby="{name}-title {name}-text">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-text">{escape(alternative)}</desc>'
    )
    return named + _marks(drawing, {tone: f"var(--{tone})" for tone in TONES}) + "</svg>"


def document(drawing: Drawing, title: str, alternative: str) -> bytes:
    """A file of its own, on white paper."""
    width, height = _n(drawing.width), _n(drawing.height)
    light = {tone: colours[0] for tone, colours in TONES.items()}
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="{_view(drawing)}" font-family="{escape(FONT)}" role="img" aria-labelledby="t d">'
        f'<title id="t">{escape(title)}</title><desc id="d">{escape(alternative)}</desc>'
        f'<rect x="{_n(drawing.corner[0])}" y="{_n(drawing.corner[1])}" width="{width}" height="{height}" '
        f'fill="{light["paper"]}"/>{_marks(drawing, light)}</svg>\n'
    )
    return text.encode()


def _marks(drawing: Drawing, colours: dict[str, str]) -> str:
    return "".join(_mark(mark, colours) for mark in drawing.marks)


def _mark(mark: Mark, colours: dict[str, str]) -> str:
    colour = colours[mark.tone]
    match mark:
        case Path():
            dashes = ' stroke-dasharray="4 4"' if mark.dashed else ""
            return (
                f'<polyline points="{_points(mark.points)}" fill="none" stroke="{colour}" '
                f'stroke-width="{_n(mark.width)}" stroke-linejoin="round"{dashes}{_faint(mark.opacity)}/>'
            )
        case Area():
            shape = f'points="{_points(mark.points)}" fill="{colour}"{_faint(mark.opacity)}'
            return _hinted("polygon", shape, mark.hint)
        case Dot():
            x, y = mark.centre
            paint = f'fill="{colours["paper"] if mark.hollow else colour}" stroke="{colour}" stroke-width="1.5"'
            shape = f'cx="{_n(x)}" cy="{_n(y)}" r="{_n(mark.radius)}" {paint}{_faint(mark.opacity)}'
            return _hinted("circle", shape, mark.hint)
        case Label():
            return _text(mark, colour, colours["paper"])


def _view(drawing: Drawing) -> str:
    return " ".join(_n(v) for v in (*drawing.corner, drawing.width, drawing.height))


def _text(mark: Label, colour: str, paper: str) -> str:
    x, y = (_n(v) for v in mark.at)
    halo = f' paint-order="stroke" stroke="{paper}" stroke-width="4" stroke-linejoin="round"' if mark.halo else ""
    bold = ' font-weight="600"' if mark.bold else ""
    return (
        f'<text x="{x}" y="{y}" fill="{colour}" font-size="{_n(mark.size)}" '
        f'text-anchor="{mark.anchor}"{bold}{halo}>{escape(mark.text)}</text>'
    )


def _hinted(element: str, attributes: str, hint: str) -> str:
    return (
        f"<{element} {attributes}><title>{escape(hint)}</title></{element}>" if hint else f"<{element} {attributes}/>"
    )


def _faint(opacity: float) -> str:
    return "" if opacity >= 1 else f' opacity="{_n(opacity)}"'


def _points(points: Sequence[Point]) -> str:
    return " ".join(f"{_n(x)},{_n(y)}" for x, y in points)


def _n(value: float) -> str:
    """A number to a tenth of a pixel (a hundredth for what is below one)."""
    text = f"{value:.2f}" if abs(value) < 1 else f"{value:.1f}"
    text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
