"""``latest.json`` and ``latest.md``: which figures may stand side by side, and how they read."""

from __future__ import annotations

import pytest

from benchmarks.ratios import latest
from benchmarks.ratios.table import markdown, ordered, quantity, reached

TOLD = {
    "machine": {
        "processor": "A processor",
        "cores": 2,
        "threads": 2,
        "capability": "AVX2",
        "memory_gib": 24,
        "precision": "fp32",
    },
    "versions": {"python": "3.11.9", "torch": "2.13.0"},
    "commit": "a" * 40,
}


def one(value: float, goal: float, note: str = "") -> dict[str, object]:
    return {"value": value, "goal": goal, "runs": [{"ours_seconds": 1.0, "theirs_seconds": value}] * 3, "note": note}


FIRST, SECOND = {"split_vs_iterstrat": one(25.0, 20.0)}, {"frozen4_vs_trainer": one(5.0, 6.0)}


def test_ratios_of_one_commit_stand_side_by_side_in_the_order_of_the_table():
    both = latest.merged(latest.merged(None, TOLD, FIRST), TOLD, SECOND)
    assert list(both["ratios"]) == ["frozen4_vs_trainer", "split_vs_iterstrat"]


def test_a_ratio_measured_again_takes_the_place_of_the_old_one():
    again = latest.merged(latest.merged(None, TOLD, FIRST), TOLD, {"split_vs_iterstrat": one(30.0, 20.0)})
    assert again["ratios"]["split_vs_iterstrat"]["value"] == 30.0


@pytest.mark.parametrize(
    "change",
    [
        {"commit": "b" * 40},
        {"machine": {**TOLD["machine"], "cores": 4}},
        {"versions": {"python": "3.11.9", "torch": "2.12.0"}},
    ],
)
def test_ratios_of_another_commit_machine_or_version_are_left_out(change):
    assert latest.merged(latest.merged(None, TOLD, FIRST), TOLD | change, SECOND)["ratios"] == SECOND


@pytest.mark.parametrize("commit", ["", "a" * 40 + "+"])
def test_changed_files_and_an_unknown_commit_are_comparable_with_nothing(commit):
    told = TOLD | {"commit": commit}
    assert latest.merged(latest.merged(None, told, FIRST), told, SECOND)["ratios"] == SECOND


def test_what_was_written_is_read_again(tmp_path):
    written = latest.merged(None, TOLD, FIRST)
    latest.write(tmp_path, written)
    assert latest.read(tmp_path) == written
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest.json", "latest.md"]


@pytest.mark.parametrize("text", [None, "", "[]", '{"machine": {}}'])
def test_a_file_that_is_not_whole_counts_as_none(tmp_path, text):
    if text is not None:
        (tmp_path / "latest.json").write_text(text)
    assert latest.read(tmp_path) is None


def test_what_cannot_be_written_leaves_both_files_as_they_were(tmp_path):
    latest.write(tmp_path, latest.merged(None, TOLD, FIRST))
    before = [path.read_bytes() for path in sorted(tmp_path.iterdir())]
    with pytest.raises(TypeError):
        latest.write(tmp_path, {**TOLD, "ratios": {"split_vs_iterstrat": one(21.0, 20.0) | {"runs": [object()]}}})
    assert [path.read_bytes() for path in sorted(tmp_path.iterdir())] == before


def test_a_goal_is_a_floor_but_for_time_per_document():
    assert reached("share_of_peak", 0.4, 0.4)
    assert not reached("share_of_peak", 0.39, 0.4)
    assert reached("linear_in_documents", 1.1, 1.15)
    assert not reached("linear_in_documents", 1.2, 1.15)


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("share_of_peak", 0.404, "40 %"),
        ("linear_in_documents", 1.041, "1.04"),
        ("full_vs_trainer_bf16", 2.468, "2.47x"),
        ("head_sweep_vs_trainer", 123.4, "123x"),
    ],
)
def test_a_ratio_reads_as_people_write_it(key, value, text):
    assert quantity(key, value) == text


def test_the_table_says_what_is_short_and_keeps_a_note_in_its_cell():
    ratios = {**SECOND, "linear_in_documents": one(1.2, 1.15, "a | b\nc"), **FIRST}
    lines = markdown({**TOLD, "ratios": ratios}).splitlines()
    rows = {key: line for key in ratios for line in lines if line.startswith(f"| `{key}`")}
    assert "| 5x | 6x | **short** |" in rows["frozen4_vs_trainer"]
    assert "| 25x | 20x | reached |" in rows["split_vs_iterstrat"]
    assert rows["linear_in_documents"].endswith("| 1.20 | at most 1.15 | **short** | a \\| b c |")
    assert "Machine: A processor, 2 cores, AVX2, 24 GiB; 2 threads." in lines


def test_unknown_keys_come_last_by_name():
    assert ordered({"zebra": 0, "ant": 0, "linear_in_documents": 0}) == ["linear_in_documents", "ant", "zebra"]
