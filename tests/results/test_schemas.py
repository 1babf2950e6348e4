"""The published JSON Schemas hold for every board there is, and refuse what they do not name."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError
from planted_studies import body, confirm, study

from ablate.results import across_formats
from ablate.results.across import across
from ablate.results.folder import read
from ablate.results.formats import to_json
from ablate.results.recommendation_show import document
from ablate.results.record import Records
from ablate.results.schemas import NAMES, schema
from ablate.results.tags import only

ROOT = Path(__file__).parents[2]
COMMITTED = sorted(path.parent for path in (ROOT / "results").glob("*/study.toml"))


def check(name: str, text: str) -> None:
    Draft202012Validator(schema(name)).validate(json.loads(text))


def planted(folder: Path, evidence: dict[str, float], plan: str = "", **given: Any) -> Path:
    study(Records(folder / "records"), evidence, **given)
    (folder / "study.toml").write_text(f'name = "planted"\n{plan}')
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_the_schemas_are_schemas_and_closed(name):
    found = schema(name)
    Draft202012Validator.check_schema(found)
    assert found["additionalProperties"] is False
    with pytest.raises(KeyError):
        schema("board")


@pytest.mark.slow
@pytest.mark.parametrize("folder", COMMITTED, ids=lambda folder: folder.name)
def test_boards_of_committed_records_keep_to_the_schemas(folder):
    found = read(folder)
    check("leaderboard", to_json(found.board))
    check("recommendation", document(found))


@pytest.mark.parametrize(
    ("evidence", "seeds"),
    [
        ({"baseline": 3.0, "focal": 4.5, "prior-only": 0.0}, 3),
        ({"baseline": 3.0, "focal": 4.5}, 1),
        ({"focal": 4.5, "softmax": 3.0}, 2),
        ({"baseline": 3.0}, 2),
    ],
    ids=["whole", "one seed", "no baseline", "baseline alone"],
)
def test_boards_of_every_kind_keep_to_the_schemas(tmp_path, evidence, seeds):
    found = read(planted(tmp_path, evidence, "micro_floor = 0.2\nrho = 1.0\n", seeds=seeds))
    check("leaderboard", to_json(found.board))
    check("leaderboard", to_json(only(found.board, found.bodies, ["loss"] if "focal" in evidence else [])))
    check("recommendation", document(found))


def test_failed_runs_and_empty_folders_keep_to_the_schemas(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "study.toml").write_text("")
    found = read(tmp_path / "empty")
    check("leaderboard", to_json(found.board))
    check("recommendation", document(found))
    folder = planted(tmp_path, {"baseline": 3.0, "focal": 4.0})
    store = Records(folder / "records")
    store.write(body("broken", "confirm", 0, status="failed", stability={}))
    store.write(body("never", "tune", 1000, status="failed", trial=0, stability={}, reason="its loss is not finite"))
    confirm(store, "untold", 0, 1.0, identity_of="baseline")
    found = read(folder)
    check("leaderboard", to_json(found.board))
    check("recommendation", document(found))


def test_studies_side_by_side_keep_to_the_schema(tmp_path):
    first = planted(tmp_path / "first", {"baseline": 3.0, "focal": 4.5, "prior-only": 0.0}, 'backbone = "bag"\n')
    second = planted(tmp_path / "second", {"baseline": 3.0, "softmax": 4.5}, 'backbone = "minilm"\n')
    found = [read(first), read(second)]
    check("leaderboards", across_formats.to_json(across(found)))
    check("leaderboards", across_formats.to_json(across(found, ["loss"])))


def test_what_is_not_named_is_refused(tmp_path):
    whole = json.loads(to_json(read(planted(tmp_path, {"baseline": 3.0, "focal": 4.5})).board))
    checker = Draft202012Validator(schema("leaderboard"))

    def refused(change) -> str:
        board = copy.deepcopy(whole)
        change(board)
        with pytest.raises(ValidationError) as error:
            checker.validate(board)
        return error.value.message

    assert "surprise" in refused(lambda board: board["rows"][0].update(surprise=1))
    assert "'rank' is a required property" in refused(lambda board: board["rows"][0].pop("rank"))
    assert "1.5" in refused(lambda board: board["rows"][0].update(macro_f1=1.5))
    assert "other" in refused(lambda board: board["rows"][0].update(kind="other"))


def test_the_pages_name_every_field():
    boards, advice = ((ROOT / "docs" / page).read_text("utf-8") for page in ("leaderboard.md", "advice.md"))
    found = schema("leaderboard")
    assert set(found["properties"]) <= set(re.findall(r"`([a-z_0-9]+)`", boards))
    assert set(schema("recommendation")["properties"]) <= set(re.findall(r"`([a-z_0-9]+)`", advice))
