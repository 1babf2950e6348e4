"""One arm over all factors: its conditional space, its proposals, and a whole study of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import optuna
import pytest
from small_study import Seen, board, bodies, confirmed, contents, once, plan, rows, timeless

from ablate.catalog import BASELINE, COMMON, STRATEGIES
from ablate.components.freezing import HeadOnly
from ablate.components.loss import Focal, Softmax
from ablate.components.weighting import PowerWeight
from ablate.errors import AblateError
from ablate.export.restored import configured
from ablate.plugins import registry
from ablate.results.importances import importances_of
from ablate.results.record import Records
from ablate.space import defaults
from ablate.strategy import Strategy
from ablate.study.arms import base_of, choose
from ablate.study.conduct import study
from ablate.study.dashboard import storage as dashboard_storage
from ablate.study.importances import importances
from ablate.study.plan import make
from ablate.study.propose import BATCH, DESIGN, Tried
from ablate.study.ready import prepare
from ablate.study.search import MOST_CHANGED, NEUTRAL, Search, search
from ablate.testing import ToyEncoder

COMMON_DEFAULTS = {path: defaults(BASELINE)[path] for path in COMMON}
WEIGHT = Strategy("weight", weighting=PowerWeight())
OTHER = Strategy("other", weighting=PowerWeight(0.25), loss=Focal())
SOFT = Strategy("soft", loss=Softmax())
ALL = [one for one in STRATEGIES if one.changed and not one.identity_of]


def arm(parts=(WEIGHT, OTHER, SOFT), base: Strategy = BASELINE) -> Search:
    return search("search", base, list(parts), lambda part: "")[0]


def worth(parameters: dict) -> float:
    """Half of what there is comes from the weighting, a little from the loss."""
    return 0.4 + 0.2 * (parameters["weighting"] == "pos-weight-sqrt") + 0.05 * (parameters["loss"] == "focal")


def tried(of: Search, count: int) -> list[Tried]:
    made: list[Tried] = []
    for number in range(count):
        parameters = of.propose(number, made)
        made.append(Tried(number, parameters, worth(parameters)))
    return made


@pytest.fixture(scope="module")
def history() -> list[Tried]:
    """Sixty trials of a search over the whole catalogue."""
    return tried(arm(ALL), 60)


def test_the_levels_of_a_factor_are_neutral_and_those_of_the_parts():
    found = arm()
    assert {factor: choice.choices for factor, choice in found.choices.items()} == {
        "weighting": (NEUTRAL, "weight", "other"),
        "loss": (NEUTRAL, "other", "soft"),
    }
    assert set(found.space) == {
        *("weighting", "loss", "weighting.weight.power", "weighting.other.power", "loss.other.gamma"),
        *("optimizer.neutral.scale", "head.neutral.dropout"),  # common to all arms
    }


def test_equal_components_are_one_level():
    again = Strategy("again", weighting=PowerWeight(), loss=Focal())
    assert arm((WEIGHT, OTHER, again)).choices["weighting"].choices == (NEUTRAL, "weight", "other")


def test_a_configuration_has_the_chosen_components_with_their_values():
    chosen = arm().configured({"weighting": "other", "weighting.other.power": 0.75, "loss": NEUTRAL})
    assert chosen.strategy == Strategy("search", weighting=PowerWeight(0.75))
    assert chosen.parameters["weighting.other.power"] == 0.75
    assert "weighting.weight.power" not in chosen.parameters


@pytest.mark.parametrize("number", [0, 1, 5, DESIGN + 5, DESIGN + 9])
def test_a_trial_has_the_parameters_of_what_it_chooses_and_no_others(number: int):
    found = arm(ALL)
    parameters = found.propose(number, tried(found, number))
    configured = found.configured(parameters)
    assert configured.parameters == parameters
    assert list(found.space_of(parameters)) == [path for path in found.space if path in parameters]
    assert json.loads(json.dumps(parameters)) == parameters  # as it is sent to a worker


def test_the_first_trial_is_neutral_everywhere():
    found = arm(ALL)
    first = found.propose(0, [])
    assert {first[factor] for factor in found.choices} == {NEUTRAL}
    assert found.configured(first).strategy == BASELINE.replace(name="search")


def test_the_first_draws_leave_most_factors_neutral_and_differ():
    found = arm(ALL)
    drawn = [found.propose(number, []) for number in range(1, len(found.choices) + 1)]
    changed = [sum(one[factor] != NEUTRAL for factor in found.choices) for one in drawn]
    assert set(changed) <= set(range(1, MOST_CHANGED + 1))
    assert len({json.dumps(one) for one in drawn}) == len(drawn)


def test_a_proposal_looks_at_no_trial_of_its_own_batch_or_later(history: list[Tried]):
    found = arm(ALL)
    number = 1 + 5 * BATCH + 1  # the second of a batch
    before = [one for one in history if one.number <= 5 * BATCH]
    assert found.propose(number, history[::-1]) == found.propose(number, before)
    other = [replace(one, value=1 - (one.value or 0)) for one in before]
    assert found.propose(number, other) != found.propose(number, before)


def test_the_sampler_finds_the_levels_that_help(history: list[Tried]):
    last = history[-20:]
    assert sum(one.parameters["weighting"] == "pos-weight-sqrt" for one in last) > 10  # of 11 levels


PROPOSED = """
import json
from ablate.catalog import BASELINE, STRATEGIES
from ablate.study.propose import Tried
from ablate.study.search import search
found, _ = search("search", BASELINE, [one for one in STRATEGIES if one.changed], lambda part: "")
made = []
for number in range(24):
    parameters = found.propose(number, made)
    made.append(Tried(number, parameters, len(json.dumps(parameters)) / 1000))
print(json.dumps([one.parameters for one in made]))
"""


@pytest.mark.slow
def test_proposals_do_not_depend_on_the_order_of_sets():
    said = [
        subprocess.run(
            [sys.executable, "-c", PROPOSED],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            timeout=300,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    ]
    assert said[0]
    assert said == [said[0]] * 3


def test_failed_and_pruned_trials_are_no_obstacle(history: list[Tried]):
    found = arm(ALL)
    lost = [replace(one, value=None, pruned=one.number % 2 == 0, curve=(0.1,)) for one in history]
    assert set(found.choices) <= set(found.propose(25, lost))


def test_what_is_trained_is_not_searched():
    layers = Strategy("layers", freezing=HeadOnly(), loss=Focal())
    found, notes = search("search", BASELINE, [layers, Strategy("probe", freezing=HeadOnly())], lambda part: "")
    assert list(found.choices) == ["loss"]
    assert notes == ["probe is left out: no search over freezing"]


def test_what_the_base_trains_stays_in_every_configuration():
    base = BASELINE.replace(freezing=HeadOnly())
    assert arm(base=base).configured({"loss": "soft"}).strategy.freezing == HeadOnly()


def test_a_search_over_nothing_is_an_error_with_the_reasons():
    with pytest.raises(AblateError, match=r"no part can be searched \(weight is left out: because\); give others"):
        search("search", BASELINE, [WEIGHT], lambda part: "because")


def chosen_arm(**fixed: object) -> Search:
    found, _ = choose(registry(), None, ["focal", "pos-weight-sqrt"], "search", base_of("full"), ToyEncoder(), fixed)
    assert [one.name for one in found] == ["baseline", "as-asked", "search"]
    assert isinstance(found[-1], Search)
    return found[-1]


@pytest.mark.parametrize("path", ["loss.focal.gamma", "search.loss.focal.gamma", "loss.gamma", "search.loss.gamma"])
def test_a_parameter_that_is_fixed_is_neither_searched_nor_lost(path: str):
    found = chosen_arm(**{path: 3.0})
    assert "loss.focal.gamma" not in found.space
    configured = found.configured({"loss": "focal"})
    assert (configured.strategy.loss.gamma, configured.parameters["loss.focal.gamma"]) == (3.0, 3.0)


def test_a_parameter_of_every_arm_is_fixed_in_the_search_too():
    found = chosen_arm(**{"optimizer.scale": 2.0})
    assert "optimizer.neutral.scale" not in found.space
    assert found.configured({}).strategy.optimizer.scale == 2.0


def test_importances_find_what_the_value_depends_on(history: list[Tried]):
    found = arm(ALL)
    shares = importances(found, history)
    assert next(iter(shares)) == "weighting"
    assert shares["weighting"] > 0.5
    assert sum(shares.values()) == pytest.approx(1, abs=0.01)
    assert set(shares) == set(found.choices)


def test_importances_of_too_few_or_equal_trials_are_unknown(history: list[Tried]):
    found = arm(ALL)
    assert importances(found, history[: DESIGN - 1]) == {}
    assert importances(found, [replace(one, value=0.5) for one in history]) == {}
    assert importances(found, [replace(one, value=None) for one in history]) == {}


# ---- a whole study

TRIALS = DESIGN + 5  # the last five are TPE's
PARTS = ["label-attention", "mixup", "focal", "pos-weight-sqrt"]
UNTUNED = {f"{arm}.{path}": value for arm in ("baseline", "as-asked") for path, value in COMMON_DEFAULTS.items()}
ASKED = {"design": "search", "parts": PARTS, "strategies": None, "trials": TRIALS, "set": UNTUNED}


@pytest.fixture(scope="session")
def searched(shared: Path, cache: Path) -> Path:
    return once(shared / "searched", lambda made: study(plan(made / "small", cache, **ASKED))) / "small"


@pytest.fixture
def copy(searched: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(searched, tmp_path / "small"))


def trials(out: Path, name: str = "search") -> dict[int, dict]:
    return {b["trial"]: b for b in bodies(out) if b["arm"] == name and b["trial"] is not None}


def test_the_first_trial_is_the_baseline_and_all_trials_are_records(searched: Path):
    found = trials(searched)
    assert set(found) == set(range(TRIALS))
    assert found[0]["validation"] == trials(searched, "baseline")[0]["validation"]


def test_the_winner_is_one_row_whose_notes_tell_it(searched: Path):
    names = [row["strategy"] for row in board(searched)["rows"] if row["kind"] == "strategy"]
    assert sorted(names) == ["as-asked", "baseline", "search"]
    row = rows(searched)["search"]
    told = next(note for note in row["notes"] if note.startswith("chosen by one search"))
    levels = {factor: row["parameters"][factor] for factor in ("head", "weighting", "mixer", "loss")}
    for factor, level in levels.items():
        assert (f"{factor} {level}" in told) == (level != NEUTRAL)
    assert row["runs"] == 2


def test_components_that_cannot_be_trained_together_are_a_failed_trial(searched: Path):
    both = [
        body
        for body in trials(searched).values()
        if (body["parameters"]["head"], body["parameters"]["mixer"]) == ("label-attention", "mixup")
    ]
    assert both
    for body in both:
        assert body["status"] == "failed"
        assert body["reason"] == "the mixer blends vectors of documents, and the head reads tokens"


def test_the_board_reports_importances_of_the_factors(searched: Path):
    told = board(searched)["importances"]
    assert set(told["factors"]) == {"head", "weighting", "mixer", "loss"}
    assert told["trials"] == TRIALS
    assert told["finished"] == sum(body["status"] == "finished" for body in trials(searched).values())
    assert "Importance of the factors in the search" in (searched / "leaderboard.md").read_text()


def test_importances_of_other_trials_are_not_shown(copy: Path):
    found = Records(copy / "records").all()
    assert importances_of(copy, found)
    assert importances_of(copy, [b for b in found if b["trial"] != 3]) == {}
    (copy / "importances.json").write_text("[]")
    assert importances_of(copy, found) == {}


def test_a_search_goes_on_where_it_stopped(copy: Path, cache: Path):
    whole, before = timeless(copy), trials(copy)
    for body in bodies(copy):
        late = body["trial"] is None or body["trial"] > 6
        if body["arm"] == "search" and late:
            for file in (copy / "records").glob(f"{body['key']}.*"):
                file.unlink()
    seen = Seen()
    study(plan(copy, cache, **ASKED), seen)
    assert {body["arm"] for body in seen.fresh} == {"search"}
    assert {number: body["key"] for number, body in trials(copy).items()} == {n: b["key"] for n, b in before.items()}
    assert timeless(copy) == whole


def test_nothing_is_made_twice(copy: Path, cache: Path):
    kept = {name: data for name, (_, data) in contents(copy).items() if name != "study.db"}
    seen = Seen()
    study(plan(copy, cache, **ASKED), seen)
    assert seen.fresh == []
    assert {name: data for name, (_, data) in contents(copy).items() if name != "study.db"} == kept


def test_the_database_shows_every_trial_with_its_own_parameters(copy: Path, cache: Path):
    study(plan(copy, cache, **ASKED))
    storage = optuna.storages.RDBStorage(f"sqlite:///{copy / 'study.db'}")
    try:
        kept = optuna.load_study(study_name="search", storage=storage).get_trials(deepcopy=True)
    finally:
        storage.engine.dispose()
    found = {trial.user_attrs["number"]: trial.params for trial in kept}
    assert found == {number: body["parameters"] for number, body in trials(copy).items()}


def test_the_trials_are_rebuilt_from_records_without_the_database(copy: Path):
    (copy / "study.db").unlink()
    found = optuna.load_study(study_name="search", storage=dashboard_storage(copy)).trials
    told = trials(copy)
    assert {trial.user_attrs["number"] for trial in found} == set(told)
    for trial in found:
        parameters = told[trial.user_attrs["number"]]["parameters"]
        assert {"head", "weighting", "mixer", "loss", "optimizer.neutral.scale"} <= set(trial.params)
        assert trial.params == {path: parameters[path] for path in trial.params}


def test_the_winner_can_be_restored(searched: Path, cache: Path):
    body = confirmed(searched, "search")[0]
    found, _ = configured(body, prepare(plan(searched, cache, **ASKED), Seen()))
    assert found.parameters == body["parameters"]


@pytest.mark.slow
def test_two_workers_make_the_same_search(searched: Path, cache: Path, tmp_path: Path):
    study(plan(tmp_path / "small", cache, **ASKED, workers=2))
    assert timeless(tmp_path / "small") == timeless(searched)


def test_all_parts_are_written_by_name_and_the_same_command_goes_on(cache: Path, tmp_path: Path):
    asked = {**ASKED, "parts": ["all"], "trials": 1, "seeds": 1}
    study(plan(tmp_path / "small", cache, **asked))
    written = (tmp_path / "small" / "study.toml").read_text()
    assert '"pos-weight-sqrt"' in written
    assert '"all"' not in written
    seen = Seen()
    study(plan(tmp_path / "small", cache, **asked), seen)
    assert seen.fresh == []
    assert (tmp_path / "small" / "study.toml").read_text() == written


PLUGIN = """
@dataclass(frozen=True)
class Mine(Weighting):
    factor: float = {factor}

    def weights(self, targets, stats):
        return 1 + self.factor * targets


STRATEGIES = (Strategy("mine", weighting=Mine()),)
"""


@pytest.mark.slow
def test_a_plugin_that_was_edited_does_not_go_on_with_a_search(plugin, cache: Path, tmp_path: Path):
    asked = {**ASKED, "parts": ["mine", "focal"], "trials": 4, "seeds": 1}
    study(plan(tmp_path / "small", cache, **asked, plugin=[plugin(PLUGIN.format(factor=2.0))]))
    seen = Seen()
    study(plan(tmp_path / "small", cache, **asked, plugin=[plugin(PLUGIN.format(factor=2.0))]), seen)
    assert seen.fresh == []
    used = {b["parameters"].get("weighting") for b in bodies(tmp_path / "small") if b["arm"] == "search"}
    assert "mine" in used
    with pytest.raises(AblateError, match="holds runs of 'search' from another version of its plugin"):
        study(plan(tmp_path / "small", cache, **asked, plugin=[plugin(PLUGIN.format(factor=3.0))]))


def test_a_search_needs_parts():
    with pytest.raises(AblateError, match="give --parts a,b,c or --parts all"):
        make({"design": "search"})


def test_the_drawn_values_lie_in_their_ranges():
    found = arm(ALL)
    for number in range(1, 30):
        for path, value in found._drawn(np.random.default_rng(number)).items():
            assert found.space[path]._contains(found.space[path].to_internal_repr(value))
