from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.errors import AblateError
from ablate.study import planfile, resolve
from ablate.study.command import plan_of
from ablate.study.plan import Plan, make

OPTIONS = "data backbone strategies design parts base trials seeds steps batch_size max_length micro_floor rho"
OPTIONS += " alarms_per_document split_seed threads cache keep_weights device out plugin dry_run quiet set"


@pytest.mark.parametrize("option", OPTIONS.split())
def test_every_option_has_its_key(option: str):
    assert option in Plan.model_fields


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"stepps": 50}, r"^here: unknown key 'stepps'; did you mean 'steps'\?$"),
        ({"zebra": 1}, r"^here: unknown key 'zebra'$"),
        ({"steps": "many"}, r"^here: steps: input should be a valid integer.*, not 'many'$"),
        ({"steps": 24}, r"^here: steps: input should be greater than or equal to 25, not 24$"),
        ({"documents": 10}, r"^here: documents: .*50, not 10$"),
        ({"rho": 0}, r"^here: rho: input should be greater than 0"),
        ({"rho": float("inf")}, r"^here: rho: input should be a finite number"),
        ({"alarms_per_document": float("nan")}, r"^here: alarms_per_document: "),
        ({"micro_floor": 2}, r"^here: micro_floor: .*less than or equal to 1, not 2$"),
        ({"base": "heads"}, r"^here: base: input should be 'full', 'head-only' or 'last-layers', not 'heads'$"),
        ({"strategies": "focal"}, r"^here: strategies: input should be a valid list, not 'focal'$"),
        ({"set": 3}, r"^here: set: input should be a valid dictionary, not 3$"),
        ({"strategies": ["a"], "parts": ["b"]}, "^here: strategies and parts exclude each other; give one of them$"),
        ({"rho": 1, "alarms_per_document": 2}, "^here: rho and alarms_per_document exclude each other"),
        ({"labels": "l", "label_columns": ["a"]}, "^here: labels and label_columns exclude each other"),
        ({"design": "pairwise"}, "^here: design 'pairwise' combines parts; give --parts a,b,c$"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_with_the_key(values: dict, message: str):
    with pytest.raises(AblateError, match=message):
        make(values, "here")


def study_file(folder: Path, text: str, name: str = "plan.toml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text)
    return path


def test_options_override_the_study_file_and_set_overrides_both(tmp_path):
    file = study_file(tmp_path, "steps = 100\ntrials = 3\nseeds = 2\n")
    plan = plan_of(file, {"trials": 4, "seeds": 5}, ["seeds=6"])
    assert (plan.steps, plan.trials, plan.seeds) == (100, 4, 6)


def test_set_fixes_parameters_beside_those_of_the_file(tmp_path):
    file = study_file(tmp_path, '[set]\n"optimizer.scale" = 2.0\n"head.dropout" = 0.3\n')
    plan = plan_of(file, {}, ["head.dropout=0.1", "loss.gamma = 3", "weighting.kind=soft"])
    assert plan.set == {"optimizer.scale": 2.0, "head.dropout": 0.1, "loss.gamma": 3, "weighting.kind": "soft"}


def test_lists_are_split_at_commas():
    plan = plan_of(None, {"strategies": "focal, softmax,", "label_columns": "a,b"}, [])
    assert (plan.strategies, plan.label_columns) == (["focal", "softmax"], ["a", "b"])
    assert plan_of(None, {}, ["strategies=focal,softmax"]).strategies == ["focal", "softmax"]


@pytest.mark.parametrize("setting", ["loss.gamma", "=3", ""])
def test_a_setting_without_key_and_value_is_refused(setting: str):
    with pytest.raises(AblateError, match="give KEY=VALUE, such as"):
        plan_of(None, {}, [setting])


def test_a_set_that_is_no_table_is_refused_whatever_else_is_set(tmp_path):
    file = study_file(tmp_path, "set = 3\n")
    with pytest.raises(AblateError, match="set: input should be a valid dictionary, not 3"):
        plan_of(file, {}, ["loss.gamma=1"])


def test_the_plan_of_a_study_goes_on_in_its_own_folder_unless_another_is_given(tmp_path):
    written = study_file(tmp_path / "one", f'data_sha256 = "{"0" * 64}"\n', "study.toml")
    assert plan_of(written, {}, []).out == str(tmp_path / "one")
    assert plan_of(written, {"out": "two"}, []).out == "two"
    assert plan_of(study_file(tmp_path, "steps = 50\n", "study.toml"), {}, []).out is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"steps = \n", r"plan.toml' is not TOML: .*line 1"),
        (b"steps = 1\nsteps = 2\n", r"plan.toml' is not TOML: .*line 2"),
        (b'name = "\xff"\n', r"plan.toml' is not TOML: .*utf-8"),
    ],
)
def test_a_study_file_that_is_not_toml_is_refused_with_its_place(tmp_path, content: bytes, message: str):
    file = tmp_path / "plan.toml"
    file.write_bytes(content)
    with pytest.raises(AblateError, match=message):
        planfile.read(file)


def test_a_study_file_that_is_missing_or_a_folder_is_refused(tmp_path):
    with pytest.raises(AblateError, match=r"plan.toml' does not exist; give a .toml file"):
        planfile.read(tmp_path / "plan.toml")
    with pytest.raises(AblateError, match=r"is a folder; give its study.toml"):
        planfile.read(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(AblateError, match="cannot be read: Not a directory"):
        planfile.read(tmp_path / "file" / "plan.toml")


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
values = text | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False)


@given(
    st.dictionaries(st.sampled_from(list(Plan.model_fields)), values | st.none() | st.lists(text, max_size=3)),
    st.dictionaries(text, values, max_size=4),
    text,
)
def test_what_is_written_is_read_back(plain: dict, table: dict, comment: str):
    plain.pop("set", None)
    read = tomllib.loads(planfile.dumps({**plain, "set": table}))
    assert read.pop("set", {}) == table
    assert read == {key: value for key, value in plain.items() if value is not None}


EARLIER = {"backbone": "bag", "steps": 50, "rho": 1.0, "text": "text", "seeds": 2, "strategies": ["focal"]}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    planfile.write(tmp_path / "out" / "study.toml", EARLIER)
    return tmp_path / "out"


def test_what_is_left_open_is_as_the_earlier_study_settled_it(out: Path):
    merged = resolve.with_earlier(make({}), out)
    assert {key: getattr(merged, key) for key in EARLIER} == EARLIER


def test_more_strategies_seeds_and_trials_go_on_with_a_study(out: Path):
    more = {"strategies": ["focal", "softmax"], "seeds": 5, "trials": 9, "micro_floor": 0.5, "threads": 1}
    more |= {"plugin": ["here/plug.py"], "data": "somewhere/data.csv", "keep_weights": True, "name": "n"}
    merged = resolve.with_earlier(make(more), out)
    assert {key: getattr(merged, key) for key in more} == more
    assert merged.steps == 50


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 60}, "steps is 50 there and 60 here"),
        ({"backbone": "minilm"}, "backbone is 'bag' there and 'minilm' here"),
        ({"rho": 2.0}, r"rho is 1\.0 there and 2\.0 here"),
        ({"alarms_per_document": 3.0}, r"alarms_per_document is not set there and 3\.0 here"),
        ({"documents": 400}, "documents is not set there and 400 here"),
        ({"group": "user"}, "group is not set there and 'user' here"),
        ({"label_columns": ["a"]}, r"label_columns is not set there and \['a'\] here"),
        ({"set": {"loss.gamma": 2.0}}, "set is not set there and {'loss.gamma': 2.0} here"),
        ({"text": "body"}, "text is 'text' there and 'body' here"),
    ],
)
def test_another_study_in_the_folder_is_refused_with_the_key_and_both_values(out: Path, change: dict, message: str):
    with pytest.raises(AblateError, match=rf"holds another study: {message}; give another --out$"):
        resolve.with_earlier(make(change), out)
    assert (out / "study.toml").read_text() == planfile.dumps(EARLIER)


def test_what_is_no_part_of_a_study_may_differ(out: Path):
    merged = resolve.with_earlier(make({"device": "cpu", "cache": "c", "quiet": True, "plugin": [], "set": {}}), out)
    assert merged.steps == 50


def test_a_backbone_in_a_folder_is_known_by_its_name(tmp_path, out: Path):
    (tmp_path / "models" / "bag").mkdir(parents=True)
    given = make({"backbone": str(tmp_path / "models" / "bag")})
    assert resolve.with_earlier(given, out).backbone == str(tmp_path / "models" / "bag")


def test_parts_give_way_to_strategies(tmp_path):
    planfile.write(tmp_path / "study.toml", {"parts": ["focal", "softmax"], "steps": 50})
    merged = resolve.with_earlier(make({"strategies": ["focal"]}), tmp_path)
    assert (merged.parts, merged.strategies) == (None, ["focal"])


def test_a_folder_without_a_study_changes_nothing(tmp_path):
    plan = make({"steps": 30})
    assert resolve.with_earlier(plan, tmp_path) is plan
