"""Dose and response: recall over the strength of weights, where a study swept it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import fmean
from typing import Any, NamedTuple

from ablate.results.columns import points
from ablate.results.confirmed import finished
from ablate.results.record import Body
from ablate.results.report.axes import number
from ablate.results.report.drawing import ACCENT, GRID, INK, MUTED, SMALL, Drawing, Label, box, breadth
from ablate.results.report.figure import WIDE, Figure, Numbers
from ablate.results.report.material import Arm, Material

FEWEST = 3  # doses that make a sweep
DOSE = "weighting."
BATCH = "batch_size"


class Cell(NamedTuple):
    """What became of the runs at one dose and one second value: arms, macro recall, share of runs settled."""

    arms: tuple[str, ...]
    macro: float | None
    settled: float | None


class Sweep(NamedTuple):
    """A grid of arms: the dose from left to right, a second factor (or nothing) from top to bottom."""

    dose: str
    second: str | None
    cells: dict[tuple[float, float | None], Cell]

    @property
    def doses(self) -> list[float]:
        """Values of the dose."""
        return sorted({dose for dose, _ in self.cells})

    @property
    def seconds(self) -> list[float | None]:
        """Values of the second factor."""
        return sorted({second for _, second in self.cells}, key=lambda v: v or 0.0)


def settings(body: Body) -> dict[str, float]:
    """The numbers that a run was made with: its parameters, and the batch size."""
    given: dict[str, Any] = {BATCH: body["identity"].get(BATCH), **(body.get("parameters") or {})}
    for factor, part in body["identity"]["strategy"].items():
        if isinstance(part, dict):
            given |= {f"{factor}.{name}": value for name, value in part.items()}
    return {n: float(v) for n, v in given.items() if isinstance(v, (int, float)) and not isinstance(v, bool)}


def sweep(arms: Sequence[Arm]) -> Sweep | None:
    """The sweep of weights among these arms, or None.

    A parameter of the weighting that takes three values or more over arms that are alike otherwise, and that was not
    tuned, is a dose; with several, the one that takes most. The second factor is the batch size where it varies, else
    another parameter of the weighting.
    """
    known = [(arm, body, _set(arm, body)) for arm in _alike(arms) for body in arm.runs]
    counts = {name: len({s[name] for _, _, s in known if name in s}) for _, _, s in known for name in s}
    doses = sorted((n for n in counts if n.startswith(DOSE) and counts[n] >= FEWEST), key=lambda n: (-counts[n], n))
    if not doses:
        return None
    dose = doses[0]
    swept = [entry for entry in known if dose in entry[2]]
    second = _second(dose, [s for _, _, s in swept])
    groups: dict[tuple[float, float | None], list[tuple[Arm, Body]]] = {}
    for arm, body, given in swept:
        groups.setdefault((given[dose], given.get(second) if second else None), []).append((arm, body))
    return Sweep(dose, second, {place: _cell(kept) for place, kept in groups.items()})


def _alike(arms: Sequence[Arm]) -> list[Arm]:
    """Strategies that agree in all factors but the weighting; where there are several kinds, the most frequent."""
    trained = [arm for arm in arms if arm.runs and not arm.control]
    kinds = Counter(tuple(sorted(arm.factors - {"weighting"})) for arm in trained)
    if not kinds:
        return []
    kind = max(kinds, key=lambda found: (kinds[found], found))
    return [arm for arm in trained if tuple(sorted(arm.factors - {"weighting"})) == kind]


def _set(arm: Arm, body: Body) -> dict[str, float]:
    """The settings of a run that no tuning chose."""
    tried = [settings(b) for b in arm.tuned]
    tuned = {name for given in tried for name, value in given.items() if value != tried[0].get(name)}
    return {name: value for name, value in settings(body).items() if name not in tuned}


def _second(dose: str, given: Sequence[dict[str, float]]) -> str | None:
    shared = set.intersection(*(set(s) for s in given)) - {dose}
    counts = {n: len({s[n] for s in given}) for n in shared if n == BATCH or n.startswith(DOSE)}
    varied = sorted((n for n in counts if counts[n] > 1), key=lambda n: (n != BATCH, -counts[n], n))
    return varied[0] if varied else None


def _cell(kept: Sequence[tuple[Arm, Body]]) -> Cell:
    macro = [b["test"]["at_budget"]["macro_recall"] for b in finished([b for _, b in kept])]
    verdicts = [(b.get("stability") or {}).get("verdict") for _, b in kept]
    settled = fmean(v == "settled" for v in verdicts) if verdicts else None
    return Cell(tuple(dict.fromkeys(a.name for a, _ in kept)), fmean(macro) if macro else None, settled)


def figure(material: Material) -> Figure | None:
    """The heat map; None where the weights were not swept."""
    found = sweep(material.arms)
    if found is None:
        return None
    return Figure(
        "dose",
        "Dose and response of weights",
        f"Macro recall at equal alarms, points, over {found.dose}"
        + (f" (left to right) and {found.second} (top to bottom)" if found.second else "")
        + "; under it the share of runs that settled. The darker, the higher the recall.",
        _words(found),
        lambda width: _draw(found, width),
        Numbers(
            (found.dose, found.second or "second factor", "strategies", "macro recall, points", "runs settled"),
            [
                (number(d), "-" if s is None else number(s), ", ".join(c.arms), points(c.macro), _share(c.settled))
                for (d, s), c in sorted(found.cells.items(), key=lambda item: (item[0][0], item[0][1] or 0.0))
            ],
        ),
    )


def _share(settled: float | None) -> str:
    return "-" if settled is None else f"{settled:.0%}"


def _words(found: Sweep) -> str:
    scored = {place: c for place, c in found.cells.items() if c.macro is not None}
    if not scored:
        return "No run of the sweep finished."
    said = []
    for name, choose in (("Highest", max), ("Lowest", min)):
        place = choose(scored, key=lambda p: (scored[p].macro or 0.0, p[0]))
        second = f", {found.second} {number(place[1])}" if found.second and place[1] is not None else ""
        said.append(f"{name}: {points(scored[place].macro)} points at {found.dose} {number(place[0])}{second}.")
    return " ".join(said)


def _draw(found: Sweep, width: float) -> Drawing:
    doses, seconds = found.doses, found.seconds
    left = 12 + max(breadth(number(s), SMALL) for s in seconds if s is not None) if found.second else 0.0
    wide = min((width - left) / len(doses), 120.0)
    tall = 46.0
    sheet = Drawing(width, 26 + tall * len(seconds) + 46)
    if found.second:
        sheet.add(Label((0, 14), f"{found.second} (down)", MUTED, SMALL))
    means = [c.macro for c in found.cells.values() if c.macro is not None]
    for line, second in enumerate(seconds):
        top = 26 + tall * line
        if second is not None:
            sheet.add(Label((left - 8, top + 27), number(second), MUTED, SMALL, "end"))
        for column, dose in enumerate(doses):
            cell = found.cells.get((dose, second))
            _paint(sheet, cell, (left + wide * column, top, wide, tall), means, width >= WIDE)
    bottom = 26 + tall * len(seconds)
    for column, dose in enumerate(doses):
        sheet.add(Label((left + wide * (column + 0.5), bottom + 18), number(dose), MUTED, SMALL, "middle"))
    sheet.add(Label((left + wide * len(doses) / 2, bottom + 38), found.dose, MUTED, SMALL, "middle"))
    return sheet


def _paint(
    sheet: Drawing, cell: Cell | None, at: tuple[float, float, float, float], means: Sequence[float], wide: bool
) -> None:
    left, top, across, down = at
    right, bottom = left + across - 2, top + down - 2
    if cell is None or cell.macro is None:
        sheet.add(
            box(left, top, right, bottom, GRID, 0.4), Label((left + across / 2, top + 27), "-", MUTED, SMALL, "middle")
        )
        return
    share = (cell.macro - min(means)) / ((max(means) - min(means)) or 1.0)
    sheet.add(box(left, top, right, bottom, ACCENT, 0.06 + 0.44 * share, hint=", ".join(cell.arms)))
    sheet.add(Label((left + across / 2, top + 20), points(cell.macro), INK, anchor="middle", bold=share == 1))
    if cell.settled is not None:
        text = f"{cell.settled:.0%} settled" if wide else f"{cell.settled:.0%}"
        sheet.add(Label((left + across / 2, top + 36), text, INK, 11, "middle"))
