"""The dose-response studies as figures: the map of weights, the noise of the loss, and the width of the vectors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ablate.results.columns import points
from ablate.results.folder import Read
from ablate.results.report.axes import Panel, Scale, number
from ablate.results.report.drawing import (
    ACCENT,
    CONTEXT,
    GRID,
    INK,
    MUTED,
    SECOND,
    SMALL,
    Dot,
    Drawing,
    Label,
    box,
    breadth,
)
from ablate.results.report.drawing import Path as Line
from ablate.results.report.figure import Figure
from ablate.results.weights.noise import noise_cv

STUDIES = tuple(f"dose-response-batch-{batch}" for batch in (32, 256, 2048))
DOSES = (1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6)
WIDTH_OF_BAG = 256
TONES = {32: ACCENT, 256: SECOND, 2048: CONTEXT}


@dataclass(frozen=True)
class Dose:
    """One arm of the map: how it was trained, its row of the board, and the noise of the loss that weights foretell."""

    batch: int
    largest: float
    clipped: bool
    width: int
    row: Mapping[str, Any]
    foretold: float

    @property
    def plain(self) -> bool:
        """Trained as all others are, but for the weights and the batch."""
        return self.clipped and self.width == WIDTH_OF_BAG

    def mean(self, name: str) -> float:
        """Macro or micro recall at equal alarms."""
        return float(self.row[f"{name}_recall_at_budget"]["mean"])


def doses(studies: Mapping[str, Read]) -> list[Dose]:
    """All arms of the map."""
    return [dose for name in STUDIES for dose in _of_study(studies[name])]


def _of_study(found: Read) -> Iterable[Dose]:
    bodies = {b["arm"]: b for b in found.bodies if b["identity"]["phase"] == "confirm" and b["kind"] == "strategy"}
    for row in found.board["rows"]:
        body = bodies.get(row["strategy"])
        if body is None or not (row["strategy"].startswith("dose-") or row["strategy"] == "baseline"):
            continue
        strategy, batch = body["identity"]["strategy"], body["identity"]["batch_size"]
        if "optimizer" in strategy and strategy["optimizer"]["class"] != "ablate.factors:Optimizer":
            continue
        largest = float(strategy.get("weighting", {}).get("largest", 1.0))
        truth = found.records.truth(body["truth"])
        counts = truth.counts_train[truth.counts_train > 0].astype(np.float64)
        rarity = np.log(counts.max() / counts)
        foretold = noise_cv(largest ** (rarity / rarity.max()), counts / truth.documents_train, batch)
        width = strategy["backbone"].get("width", WIDTH_OF_BAG)
        yield Dose(batch, largest, "clipping" not in strategy, width, row, foretold)


def figures(found: Sequence[Dose]) -> list[Figure]:
    """The map, the noise and the widths."""
    return [
        Figure(
            "weights-map",
            "Weights from 1 to 1,000,000: macro recall at equal alarms",
            "",
            _map_words(found),
            lambda width: _map(found, width),
        ),
        Figure(
            "weights-noise",
            "Noise of the loss: foretold by the weights, and seen",
            "",
            _noise_words(found),
            lambda width: _noise(found, width),
        ),
        Figure(
            "weights-width",
            "What large weights cost, by the width of the vectors",
            "",
            _width_words(found),
            lambda width: _widths(found, width),
        ),
    ]


def _lines_of_map(found: Sequence[Dose]) -> list[tuple[str, dict[float, Dose]]]:
    lines = []
    for batch in sorted({d.batch for d in found}):
        for clipped in (True, False):
            kept = {d.largest: d for d in found if (d.batch, d.clipped, d.width) == (batch, clipped, WIDTH_OF_BAG)}
            if kept:
                lines.append((f"{batch:,}" if clipped else f"{batch:,}, unclipped", kept))
    return lines


def _map_words(found: Sequence[Dose]) -> str:
    return " ".join(
        f"Batch {name}: "
        + ", ".join(f"weight {number(dose)} gives {points(d.mean('macro'))}" for dose, d in sorted(kept.items()))
        + "."
        for name, kept in _lines_of_map(found)
    )


def _map(found: Sequence[Dose], width: float) -> Drawing:
    lines = _lines_of_map(found)
    left, top, tall = 12 + max(breadth(name, SMALL) for name, _ in lines), 30.0, 58.0
    wide = (width - left) / len(DOSES)
    sheet = Drawing(width, top + tall * len(lines) + 64)
    sheet.add(Label((0, 16), "batch (down)", MUTED, SMALL))
    means = [d.mean("macro") for d in found if d.width == WIDTH_OF_BAG]
    for place, (name, kept) in enumerate(lines):
        upper = top + tall * place
        sheet.add(Label((left - 8, upper + tall / 2 + 4), name, MUTED, SMALL, "end"))
        for column, dose in enumerate(DOSES):
            _cell(sheet, kept.get(dose), (left + wide * column, upper, wide, tall), means)
    bottom = top + tall * len(lines)
    for column, dose in enumerate(DOSES):
        sheet.add(Label((left + wide * (column + 0.5), bottom + 18), number(dose), MUTED, SMALL, "middle"))
    middle = left + wide * len(DOSES) / 2
    sheet.add(Label((middle, bottom + 38), "weight of the rarest label", MUTED, SMALL, "middle"))
    said = "macro recall; micro recall; runs settled, and the worst dip as a share of what a run gained"
    sheet.add(Label((middle, bottom + 58), said, MUTED, SMALL, "middle"))
    return sheet


def _cell(sheet: Drawing, dose: Dose | None, at: tuple[float, float, float, float], means: Sequence[float]) -> None:
    left, top, across, down = at
    right, bottom, middle = left + across - 2, top + down - 2, left + across / 2
    if dose is None:
        sheet.add(box(left, top, right, bottom, GRID, 0.4), Label((middle, top + 32), "-", MUTED, SMALL, "middle"))
        return
    share = (dose.mean("macro") - min(means)) / (max(means) - min(means))
    dip = dose.row["stability"]["worst_dip"]
    settled = f"{dose.row['stability']['settled']}, {dip:.0%}" if dip is not None else dose.row["stability"]["settled"]
    sheet.add(box(left, top, right, bottom, ACCENT, 0.06 + 0.44 * share, hint=dose.row["strategy"]))
    sheet.add(Label((middle, top + 18), points(dose.mean("macro")), INK, anchor="middle", bold=share == 1))
    sheet.add(Label((middle, top + 34), f"micro {points(dose.mean('micro'))}", INK, 11, "middle"))
    sheet.add(Label((middle, top + 49), settled, INK, 11, "middle"))


def _noise_words(found: Sequence[Dose]) -> str:
    said = [f"batch {d.batch}, weight {number(d.largest)}: {d.foretold:.2f} and {_seen(d):.2f}" for d in _noisy(found)]
    return "Standard deviation of the batch loss over its mean, foretold and seen late in training: " + "; ".join(said)


def _noisy(found: Sequence[Dose]) -> list[Dose]:
    return [d for d in found if d.width == WIDTH_OF_BAG and d.row["stability"]["loss_cv"]]


def _seen(dose: Dose) -> float:
    return float(dose.row["stability"]["loss_cv"])


def _noise(found: Sequence[Dose], width: float) -> Drawing:
    kept = _noisy(found)
    both = [value for d in kept for value in (d.foretold, _seen(d))]
    low, high = min(both) / 1.4, max(both) * 1.4
    sheet = Drawing(width, 470)
    panel = Panel(Scale(low, high, 62, width - 150, True), Scale(low, high, 410, 20, True))
    sheet.extend(panel.rows(4))
    sheet.extend(panel.columns(5))
    sheet.add(Line((panel.at(low, low), panel.at(high, high)), MUTED, 1, dashed=True))
    for d in kept:
        hint = f"batch {d.batch}, weight {number(d.largest)}{'' if d.clipped else ', unclipped'}"
        sheet.add(Dot(panel.at(d.foretold, _seen(d)), 5, TONES[d.batch], not d.clipped, hint=hint))
    for place, (batch, tone) in enumerate(TONES.items()):
        sheet.add(Dot((width - 130, 40 + 22 * place), 5, tone))
        sheet.add(Label((width - 118, 44 + 22 * place), f"batch {batch:,}", INK, SMALL))
    sheet.add(Dot((width - 130, 106), 5, MUTED, hollow=True), Label((width - 118, 110), "unclipped", INK, SMALL))
    sheet.add(Label((0, 12), "deviation / mean of the loss late in training, seen (up)", MUTED, SMALL))
    sheet.add(panel.title_x("foretold from counts, weights and batch; dashed: seen as foretold"))
    return sheet


def _of_widths(found: Sequence[Dose]) -> dict[int, dict[float, Dose]]:
    kept = [d for d in found if d.batch == WIDTH_OF_BAG and d.clipped and d.largest in (1.0, 1e3, 1e6)]
    return {w: {d.largest: d for d in kept if d.width == w} for w in sorted({d.width for d in kept})}


def _width_words(found: Sequence[Dose]) -> str:
    return " ".join(
        f"Vectors of {width}: "
        + ", ".join(
            f"weight {number(largest)} macro {points(d.mean('macro'))}, micro {points(d.mean('micro'))}"
            for largest, d in sorted(kept.items())
        )
        + "."
        for width, kept in _of_widths(found).items()
    )


def _widths(found: Sequence[Dose], width: float) -> Drawing:
    """Micro over macro recall: a line for each width, a dot for each weight."""
    by_width = _of_widths(found)
    kept = [d for line in by_width.values() for d in line.values()]
    sheet = Drawing(width, 420)
    spans = [[100 * d.mean(name) for d in kept] for name in ("macro", "micro")]
    panel = Panel(
        Scale(min(spans[0]) - 3, max(spans[0]) + 3, 48, width - 190),
        Scale(min(spans[1]) - 3, max(spans[1]) + 5, 360, 20),
    )
    sheet.extend(panel.rows(5))
    sheet.extend(panel.columns(6))
    for tone, (size, line) in zip((CONTEXT, SECOND, ACCENT), by_width.items(), strict=True):
        places = [panel.at(100 * d.mean("macro"), 100 * d.mean("micro")) for _, d in sorted(line.items())]
        sheet.add(Line(places, tone, 2))
        for (x, y), largest in zip(places, sorted(line), strict=True):
            sheet.add(Dot((x, y), 5, tone, hint=f"vectors of {size}, weight {number(largest)}"))
            beside = size > WIDTH_OF_BAG  # the lines of the two wider bags come near each other
            at, anchor = ((x + 9, y + 4), "start") if beside else ((x, y - 10), "middle")
            sheet.add(Label(at, number(largest), INK, 11, anchor, halo=True))
    for place, (tone, size) in enumerate(zip((CONTEXT, SECOND, ACCENT), by_width, strict=True)):
        sheet.add(Dot((width - 168, 40 + 22 * place), 5, tone))
        sheet.add(Label((width - 156, 44 + 22 * place), f"vectors of {size} numbers", INK, SMALL))
    sheet.add(Label((0, 12), "micro recall at equal alarms, points (up)", MUTED, SMALL))
    sheet.add(panel.title_x("macro recall at equal alarms, points; at each dot the weight of the rarest label"))
    return sheet
