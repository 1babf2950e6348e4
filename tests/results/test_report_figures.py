"""What the figures of a report say, without a browser."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from planted_studies import body, confirm
from report_studies import material, planted, random_curves, write_plan

from ablate.metrics.stability import stability
from ablate.results.decomposition import DECISION, LUMP, Gap, Split
from ablate.results.record import Records
from ablate.results.report.axes import Scale
from ablate.results.report.curves import deepest
from ablate.results.report.dose import sweep
from ablate.results.report.drawing import INK, TONES, Area
from ablate.results.report.drawing import Path as Stroke
from ablate.results.report.frequency import classes
from ablate.results.report.frontier import frontier
from ablate.results.report.gap import draw as draw_gap
from ablate.results.report.history import best_so_far, trials
from ablate.results.report.material import Arm
from ablate.results.report.page import figures
from ablate.results.report.placement import overlap, place
from ablate.results.report.reach import reach
from ablate.results.statistics import Interval


def test_the_deepest_dip_is_where_most_of_the_gain_is_lost():
    # gain 0.8 - 0.0; from 0.6 down to 0.4 a quarter of it is lost, from 0.8 down to 0.72 a tenth
    dip = deepest([0.0, 0.6, 0.5, 0.4, 0.8, 0.72])
    assert dip is not None
    assert (dip.peak, dip.trough) == (1, 3)
    assert dip.share == pytest.approx(0.25)
    assert deepest([0.1, 0.2, 0.3]) is None
    assert deepest([0.3, 0.2, 0.1]) is None  # nothing was won


def test_the_dip_that_is_drawn_is_the_dip_that_is_recorded():
    for curve in random_curves(200):
        recorded = stability(curve, [], [])["worst_dip"]
        drawn = deepest([float(v) for v in curve])
        if recorded is not None:
            assert (drawn.share if drawn else 0.0) == pytest.approx(recorded)


def test_the_best_so_far_holds_until_it_is_beaten():
    arm = Arm(
        {"strategy": "a"},
        [
            body("a", "tune", 1000, trial=trial, status=status, validation={} if v is None else {"balanced_recall": v})
            for trial, status, v in (
                (2, "finished", 0.5),
                (0, "pruned", None),
                (1, "finished", 0.6),
                (3, "failed", None),
            )
        ]
        + [body("a", "tune", 1001, trial=None, validation={"balanced_recall": 0.9})],
        [],
    )
    found = trials(arm)
    assert [t.number for t in found] == [0, 1, 2, 3]
    assert best_so_far(found) == [(1, 60.0), (2, 60.0), (3, 60.0)]  # the rerun on another seed is no trial


def test_the_frontier_holds_what_nothing_beats():
    rng = np.random.default_rng(3)
    for _ in range(50):
        pairs = [(float(a), float(b)) for a, b in rng.integers(0, 6, size=(8, 2))]
        best = frontier(pairs)
        for i, (x, y) in enumerate(pairs):
            beaten = any(a >= x and b >= y and (a, b) != (x, y) for a, b in pairs)
            assert beaten or any(pairs[j] == (x, y) for j in best), (pairs, i)
            assert not (beaten and i in best)


def test_labels_of_about_one_frequency_make_one_class():
    frame = pd.DataFrame(
        {
            "training_positives": [0, 1, 2, 4, 9, 5, 150],
            "test_positives": [3, 2, 2, 1, 4, 0, 80],
            "recall": [1.0, 0.5, 1.0, 0.0, 0.5, np.nan, 0.9],
        }
    )
    found = classes(frame)  # the first label has no training positive, the sixth no test positive
    assert [(c.low, c.high, c.labels) for c in found] == [(1, 3, 2), (3, 10, 2), (100, 300, 1)]
    assert [c.mean for c in found] == pytest.approx([75.0, 25.0, 90.0])
    # of 50 and 100: standard deviation sqrt(1250), over sqrt(2) labels: 25
    assert [c.error for c in found] == pytest.approx([25.0, 25.0, 0.0])
    assert found[1].centre == pytest.approx(math.sqrt(4 * 9))


def test_one_row_far_away_does_not_stretch_the_axis():
    near = [(0.0, 0.0), (-1.0, 2.0), (-2.0, 1.0), (-3.0, -1.0)]
    assert reach([*near, (-54.0, -50.0)]) == (-3.0, 2.0)
    assert reach([(0.0, 0.0), (10.0, 12.0), (11.0, 13.0)]) == (-0.5, 13.0)  # half of the rows are always within
    assert reach([*near, (40.0, 50.0)], always=[(40.0, 50.0)]) == (-3.0, 50.0)  # a winner is never an arrow


def test_ticks_are_round_and_within_the_axis():
    rng = np.random.default_rng(1)
    for _ in range(200):
        low = float(rng.normal() * 10 ** float(rng.integers(-2, 4)))
        scale = Scale(low, low + float(rng.random() + 0.01) * 10 ** float(rng.integers(-1, 4)), 0, 100)
        ticks = scale.ticks(5)
        assert 1 <= len(ticks) <= 7
        assert all(-1e-6 <= scale(t) <= 100 + 1e-6 for t in ticks)
        step = np.diff(ticks)
        assert np.allclose(step, step[:1].repeat(len(step)))
    assert Scale(0, 100, 0, 1).ticks(4) == [0, 25, 50, 75, 100]
    assert Scale(0.9, 1100, 0, 1, True).ticks(4) == [1, 10, 100, 1000]
    assert Scale(1, 10_000, 0, 300, True)(100) == pytest.approx(150)


def test_names_stand_clear_of_each_other_and_of_points():
    rng = np.random.default_rng(4)
    points = [(float(x), float(y)) for x, y in 200 + 60 * rng.random((9, 2))]
    names = ["a-strategy-with-a-name"] * 9
    spots = place(points, names, (0, 0, 600, 450))
    boxes = [(p.at[0], p.at[1] - 9, p.at[0] + 0.58 * 12 * 22, p.at[1] + 3) for p in spots]
    assert all(overlap(a, b) == 0 for i, a in enumerate(boxes) for b in boxes[:i])
    assert all(not (b[0] < x < b[2] and b[1] < y < b[3]) for b in boxes for x, y in points)
    assert all(b[0] >= 0 and b[1] >= 0 and b[2] <= 600 and b[3] <= 450 for b in boxes)


def swept(power: float, batch: int, macro: float, verdict: str = "settled", **parts: str) -> Arm:
    run = body(f"p{power}-b{batch}", "confirm", 0, parameters={"weighting.power": power, "optimizer.scale": 1.0})
    run["identity"]["batch_size"] = batch
    run |= {"test": {"at_budget": {"macro_recall": macro}}, "stability": {"verdict": verdict}}
    run["identity"]["strategy"] |= {factor: {"class": name} for factor, name in parts.items()}
    row = {"strategy": run["arm"], "kind": "strategy"}
    return Arm(row, [], [run, run | {"stability": {"verdict": "settled"}}])


def test_a_sweep_is_a_grid_of_dose_and_batch():
    arms = [swept(p, b, p * b / 1000, "unstable") for p in (0.25, 0.5, 1.0) for b in (32, 256)]
    found = sweep(arms)
    assert found is not None
    assert (found.dose, found.second) == ("weighting.power", "batch_size")
    assert (found.doses, found.seconds) == ([0.25, 0.5, 1.0], [32, 256])
    assert found.cells[0.5, 256].macro == pytest.approx(0.128)
    assert found.cells[0.5, 256].settled == 0.5
    assert sweep([arm for arm in arms if "p1.0" not in arm.name]) is None  # two doses are none


def test_a_dose_that_tuning_chose_or_another_model_is_no_sweep():
    arms = [swept(p, 32, p) for p in (0.0, 0.5, 1.0)]
    tried = [body("a", "tune", 1000, trial=t, parameters={"weighting.power": t / 2}) for t in (0, 1)]
    assert sweep([Arm(arm.row, tried, arm.runs) for arm in arms]) is None
    other = swept(1.0, 32, 0.3, loss="ablate.components.loss:Focal")
    assert sweep([*arms[:2], other]) is None
    found = sweep([*arms, other])
    assert found is not None
    assert found.cells[1.0, None].macro == pytest.approx(1.0)  # the other loss has no part in it


def test_a_sweep_of_the_dose_alone_has_one_line():
    found = sweep([swept(p, 32, p) for p in (0.0, 0.5, 1.0)])
    assert found is not None
    assert found.second is None
    assert list(found.cells) == [(0.0, None), (0.5, None), (1.0, None)]


def test_the_heat_map_is_there_only_where_weights_were_swept(tmp_path: Path):
    folder = planted(tmp_path / "plain")
    assert "dose" not in [figure.name for figure in figures(material(folder))]
    store = Records(tmp_path / "swept" / "records")
    for power, evidence in ((0.0, 3.0), (0.5, 4.0), (1.0, 2.0)):
        for seed in range(2):
            given = {"weighting.power": power}
            confirm(store, "baseline" if not power else f"power-{power}", seed, evidence, parameters=given)
    write_plan(tmp_path / "swept", {"name": "swept"})
    (dose,) = [figure for figure in figures(material(tmp_path / "swept")) if figure.name == "dose"]
    assert [row[0] for row in dose.numbers.rows] == ["0", "0.5", "1"]
    assert dose.alternative.startswith("Highest: ")
    assert "weighting.power 0.5" in dose.alternative.split("Lowest")[0]


def test_tags_say_what_an_arm_sets_and_the_baseline_does_not(tmp_path: Path):
    store = Records(tmp_path / "records")
    part = {"class": "ablate.components.freezing:HeadOnly"}
    for arm, more in (("baseline", {}), ("softmax", {"loss": {"class": "ablate.components.loss:Softmax"}})):
        run = confirm(store, arm, 0, 3.0)
        (tmp_path / "records" / f"{run['key']}.json").unlink()
        neutral = {"class": "ablate.factors:Optimizer", "scale": 2.0}
        strategy = {"name": arm, "freezing": part, "optimizer": neutral, **more}
        rewritten = run | {"identity": run["identity"] | {"strategy": strategy}}
        rewrite(store, run["key"], rewritten)
    write_plan(tmp_path, {"name": "tags"})
    found = material(tmp_path)
    assert {arm.name: found.tags(arm) for arm in found.arms} == {"baseline": [], "softmax": ["loss"]}


def rewrite(store: Records, key: str, changed: dict) -> None:
    """The same record under the key of its changed identity."""
    from ablate.results.record import key_of

    changed["key"] = key_of(changed["identity"])
    store.write(changed, store.arrays(key))


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [0, 1])
@pytest.mark.parametrize(
    ("tone", "least"), [("ink", 7), ("muted", 4.5), ("accent", 4.5), ("second", 3), ("context", 3)]
)
def test_text_and_marks_stand_out_from_the_paper(theme: int, tone: str, least: float):
    light, dark = sorted((luminance(TONES[tone][theme]), luminance(TONES["paper"][theme])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= least


def test_bars_of_the_gap_end_where_its_terms_do(tmp_path: Path):
    found = material(planted(tmp_path / "planted"))
    figure = next(f for f in figures(found) if f.name == "gap")
    sheet = figure.draw(860.0)
    bars = {mark.hint: mark for mark in sheet.marks if isinstance(mark, Area) and mark.hint}
    told = {line[0]: line for line in figure.numbers.rows}
    for name in ("baseline", "strong", "plain", "tilted"):
        mine = [mark for hint, mark in bars.items() if hint.startswith(f"{name}, ")]
        wide = [max(x for x, _ in m.points) - min(x for x, _ in m.points) for m in mine]
        sizes = [abs(float(cell.split()[0])) for cell in told[name][2:4]]
        assert wide[0] / wide[1] == pytest.approx(sizes[0] / sizes[1], rel=0.05)
        assert f"{name}: {told[name][1]} points missing" in figure.alternative
    assert not any(hint.startswith("prior-only") for hint in bars)


@pytest.mark.parametrize("width", [860.0, 340.0])
def test_a_negative_term_lies_left_of_zero_and_the_sum_is_marked(width: float):
    split = Split(10, Interval(0.15, 0.1, 0.2), {LUMP: Interval(0.4, 0.3, 0.5), DECISION: Interval(-0.25, -0.3, -0.2)})
    sheet = draw_gap([Gap("inverse", "strategy", 3, 7.0, 2.0, split, {})], [LUMP, DECISION], width)
    lump, decision = (m for m in sheet.marks if isinstance(m, Area) and m.hint)
    right, left = ([x for x, _ in m.points] for m in (lump, decision))
    assert max(left) == pytest.approx(min(right))  # zero
    pixels = (max(right) - min(right)) / 40  # a point
    assert max(left) - min(left) == pytest.approx(25 * pixels)
    total = [m for m in sheet.marks if isinstance(m, Stroke) and m.tone == INK][-1]
    assert total.points[0][0] - min(right) == pytest.approx(15 * pixels)
    assert all(0 <= x <= width for m in (lump, decision) for x, _ in m.points)
