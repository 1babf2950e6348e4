"""What is advised on boards written by hand: each wording, each verdict, and what it rests on."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from advice_boards import NAMES, board, found, row, shares
from report_studies import planted
from rich.console import Console

from ablate.errors import AblateError
from ablate.results.decomposition import decompose
from ablate.results.decomposition_shares import Shares
from ablate.results.folder import read
from ablate.results.recommendation import Recommendation, advise, as_json
from ablate.results.recommendation_labels import short_of_examples
from ablate.results.recommendation_show import FILE, document, print_advice, show, text, write
from ablate.results.recommendation_words import words

BASE = row("baseline", 0.50, 2)
BETTER = row("strong", 0.56, 1, delta=0.06, better=True, micro=-0.01)
CEILINGS = {"bayes-ceiling": found([0.9] * 3, [0.9] * 3), "learner-ceiling": found([0.9] * 3, [0.9] * 3)}
CEILING_ROWS = [row("bayes-ceiling", 0.9, kind="ceiling"), row("learner-ceiling", 0.9, kind="ceiling")]


def plain(budget: float = 0.5, half: float = 0.4) -> Shares:
    """The baseline alone, on the test documents."""
    return shares({"baseline": found([budget] * 3, [half] * 3)})


def known(budget: float, half: float, posterior: float = 0.9, learner: float = 0.9) -> Shares:
    """The baseline under the two ceilings, on drawn documents."""
    rows = {name: found([share] * 3, [share] * 3) for name, share in zip(CEILINGS, (posterior, learner), strict=True)}
    return shares({**rows, "baseline": found([budget] * 3, [half] * 3)}, drawn=True)


def advice(rows, kept: Shares | None = None, leader=None) -> Recommendation:
    kept = plain() if kept is None else kept
    whole = board([*rows, *(CEILING_ROWS if kept.known else [])], leader)
    return advise(whole, decompose(whole, kept), kept)


def said(*given, **more) -> str:
    return " ".join(words(advice(*given, **more)))


def test_a_better_strategy_is_recommended_with_its_gain_and_its_price():
    rows = [BETTER | {"measured": {"seconds": 25.0}}, BASE]
    told = said(rows)
    assert told.startswith(
        "For 3 labels on 1,000 training documents (5 to 500 positives a label, 1 label under 10): at 0.5, the "
        "baseline misses 60.0 points of macro recall: data, training and model 50.0, decision rule 10.0."
    )
    # the macro interval is the simultaneous one of the board: .06 within .015
    assert (
        "Train with strong: expect macro recall +6.0 [+4.5, +7.5] points over the baseline at its own cut, micro "
        "recall -1.0 [-2.0, 0.0], 2 alarms per document (2.1 as deployed), in 25s a run, 2.5 times the baseline's."
    ) in told
    assert "cannot be told from" not in told
    assert advice(rows).verdict == "better"


def test_about_the_baselines_time_is_said_so():
    assert "in 10s a run, about as long as the baseline's." in said([BETTER, BASE])
    unmeasured = BETTER | {"measured": {"seconds": None}}
    assert "at a cost that was not measured" in said([unmeasured, BASE])


def test_nothing_beats_the_baseline_at_its_own_cut():
    near = row("near", 0.51, 1, delta=0.01, better=False)
    told = said([near, BASE])
    assert (
        "Nothing beats the baseline at its own cut: train plain cross-entropy and deploy that cut (macro recall "
        "50.0 [48.0, 52.0], 2 alarms per document (2.1 as deployed)); the highest of the others is near, "
        "+1.0 [-0.5, +2.5] points. Its simultaneous interval reaches 1.5 points to either side: less could have gone "
        "unseen."
    ) in told
    assert advice([near, BASE]).best.strategy == "baseline"


def test_one_run_of_each_judges_nothing():
    alone = row("near", 0.51, 1, delta=0.01, better=None)
    told = said([alone, BASE])
    assert "Nothing can be judged: with one run of each" in told
    assert "Give --seeds 3 or more." in told
    assert "beats" not in told


def test_the_baseline_alone_is_recommended_as_it_is():
    told = said([BASE | {"rank": 1}, row("greedy", 0.6, delta=0.1, costs_micro=True)])
    assert "Train the baseline and deploy its own cut" in told
    assert "No other strategy is ranked." in told


def test_a_leader_that_is_not_told_from_the_baseline_gives_way_to_one_that_is():
    noisy = row("noisy", 0.58, 1, delta=0.08, better=False)
    rows = [noisy, BETTER | {"rank": 2, "not_told_from": ["noisy", "b", "c", "d"]}, BASE | {"rank": 3}]
    told = said(rows, leader={"strategy": "noisy", "next": "strong", "told_from_next": False})
    assert "Train with strong" in told
    assert "It cannot be told from noisy, b, c and 1 more." in told
    assert "noisy stands higher, but cannot be told from the baseline." in told


def test_without_a_baseline_the_leader_is_named_and_the_baseline_asked_for():
    told = said([row("strong", 0.6, 1)], shares({"strong": found([0.6] * 3, [0.5] * 3)}))
    assert "strong leads with a macro recall of 60.0 [58.0, 62.0], but there is no baseline to compare with" in told
    assert "at 0.5, strong misses 50.0 points" in told


def test_a_baseline_under_the_micro_floor_is_no_choice():
    rows = [row("careful", 0.49, 1, delta=-0.01, better=False), BASE | {"rank": None, "costs_micro": True}]
    assert "The baseline is under the micro floor. Of the rows above it train careful" in said(rows)


def test_nothing_finished_is_no_advice():
    rows = [row("broken", 0.0) | {"macro_recall_at_budget": None, "costs_micro": None}]
    whole = board(rows)
    assert words(advise(whole, decompose(whole, None), None)) == [
        "Nothing can be recommended: no strategy that keeps micro recall has a finished run."
    ]


def test_a_control_that_beats_every_row_is_said_before_any_strategy():
    control = row("tfidf-linear", 0.65, kind="control", delta=0.15, better_interval=None)
    told = said([BETTER, BASE, control])
    # its own interval .14 to .16 lies above that of the leader, .05 to .07
    assert (
        "The control tfidf-linear beats every ranked row (macro recall 65.0 [63.0, 67.0], +15.0 [+14.0, +16.0]" in told
    )
    assert told.index("tfidf-linear") < told.index("Train with strong")
    assert "before any remedy. What was trained stands below it. Train with strong" in told
    assert advice([BETTER, BASE, control]).rival.told


def test_a_control_that_only_stands_above_is_not_said_to_win():
    control = row("tfidf-linear", 0.565, kind="control", delta=0.065, better_interval=None)
    told = said([BETTER, BASE, control])
    assert "The control tfidf-linear stands above every ranked row" in told
    assert "but cannot be told from the highest of them." in told
    assert told.index("Train with strong") < told.index("tfidf-linear")
    below = said([BETTER, BASE, row("tfidf-linear", 0.55, kind="control", delta=0.05)])
    greedy = said([BETTER, BASE, row("tfidf-linear", 0.9, kind="control", delta=0.4, costs_micro=True)])
    assert "tfidf-linear" not in below + greedy


def test_the_decision_rule_comes_first_where_it_is_the_largest_term():
    # irreducible 10, training 20, decision 40
    found = advice([BETTER, BASE], known(0.7, 0.3))
    assert found.steps == ("decision_rule", "training_model")
    told = words(found)
    assert told[0].endswith("The largest that can be mended: decision rule.")
    assert told[1].startswith(
        "1. Shift thresholds first (minutes, no retraining): the baseline's own cut finds +40.0 ["
    )
    assert told[1].endswith(
        "points of macro recall more than 0.5 (one run: documents only), with 2.0 alarms per document instead of 1.5."
    )
    assert told[2].startswith("2. Train with strong")


def test_training_comes_first_where_it_is_the_largest_term():
    found = advice([BETTER, BASE], known(0.3, 0.2))
    assert found.steps == ("training_model", "decision_rule")
    told = words(found)
    assert "on documents drawn given each label: irreducible 10.0, too few examples 0.0, training/model 60.0" in told[0]
    assert told[0].endswith("decision rule 10.0. The largest that can be mended: training/model.")
    assert "2. Shift thresholds (minutes" in told[2]


def test_what_costs_minutes_comes_before_what_is_no_larger_for_sure():
    # training 31, decision 29: the intervals overlap
    found = advice([BETTER, BASE], known(0.59, 0.30))
    assert found.steps == ("decision_rule", "training_model")
    assert "training/model, and decision rule about as large." in words(found)[0]


def test_examples_come_first_where_they_are_the_largest_term_and_the_labels_are_named():
    kept = known(0.35, 0.3, posterior=0.9, learner=0.4)
    found = advice([BETTER, BASE], kept)
    assert found.steps[0] == "too_few_examples"
    told = words(found)
    # bread has 500 positives: enough; the learner finds 40 of 100 of the others, the posterior 90
    assert told[1].startswith("1. Label or augment: too few examples cost 50.0 [")
    assert told[1].endswith("points; first saffron (5), oven (50).")
    nobody = advice([BETTER, BASE], shares({
        "bayes-ceiling": found_of(0.9, 0.5, 0.5), "learner-ceiling": found_of(0.4, 0.5, 0.5),
        "baseline": found_of(0.3, 0.45, 0.45)}, drawn=True))  # fmt: skip
    assert "most of them in the bucket 'medium'; no single label stands out." in " ".join(words(nobody))


def found_of(*values: float):
    return found(values, values)


def test_a_negative_decision_rule_is_no_step():
    assert advice([BETTER, BASE], known(0.5, 0.6)).steps == ("training_model",)
    assert not words(advice([BETTER, BASE], known(0.5, 0.6)))[1].startswith("1.")  # a single step needs no number


def test_without_the_truth_the_decision_rule_is_set_against_the_best_gain():
    assert advice([BETTER, BASE], plain(0.5, 0.35)).steps == ("decision_rule", "training_model")
    large = row("strong", 0.8, 1, delta=0.3, better=True)
    assert advice([large, BASE], plain(0.5, 0.35)).steps == ("training_model", "decision_rule")
    assert advice([BETTER, BASE], plain(0.5, 0.5)).steps == ("training_model",)


def test_labels_of_which_no_row_finds_half_are_named_on_real_data():
    kept = shares({"baseline": found_of(0.2, 0.3, 0.0), "tfidf-linear": found_of(0.2, 0.6, 0.1)})
    kinds = {"baseline": "strategy", "tfidf-linear": "control"}
    # bread is frequent; tfidf-linear finds 60 of 100 of oven; the best finds 10 of 100 of saffron
    assert [(s.label, s.training_positives, s.recall) for s in short_of_examples(kept, kinds)] == [("saffron", 5, 0.1)]
    told = said([BETTER, BASE], kept)
    assert (
        "Label or augment 1 label with under 100 training documents, of which no strategy and no control finds" in told
    )
    assert told.endswith("half: saffron (5).")


def test_a_label_with_three_test_documents_is_not_given_up():
    few = shares({"baseline": found([0.0, 0.0, 0.0], [0.0, 0.0, 0.0], documents=3)})
    assert short_of_examples(few, {}) == []  # 0 of 3: up to 56 %
    four = shares({"baseline": found([0.0, 0.0, 0.0], [0.0, 0.0, 0.0], documents=4)})
    assert [s.label for s in short_of_examples(four, {})] == ["saffron", "oven"]  # 0 of 4: up to 49 %


def test_a_label_a_little_below_the_posterior_is_not_named():
    kept = shares({"bayes-ceiling": found_of(1.0, 1.0, 1.0), "learner-ceiling": found_of(0.5, 0.93, 0.85),
                   "baseline": found_of(0.5, 0.5, 0.5)}, drawn=True)  # fmt: skip
    assert [s.label for s in short_of_examples(kept, {})] == ["saffron"]


def test_ties_are_those_of_the_row_that_is_advised_not_of_the_leader():
    noisy = row("noisy", 0.58, 1, delta=0.08, better=False, not_told_from=["strong", "far"])
    strong = BETTER | {"rank": 2, "not_told_from": ["noisy", "second"]}
    assert advice([noisy, strong, BASE | {"rank": 3}]).ties == ("noisy", "second")


@pytest.mark.parametrize("name", ["prior-only", "predict-everything"])
def test_a_control_that_reads_nothing_is_a_warning_and_no_advice(name: str):
    control = row(name, 0.65, kind="control", delta=0.15, better_interval=None)
    found = advice([BETTER, BASE, control])
    assert (found.rival, found.unlearnt) == (None, name)
    told = words(found)
    assert told[-1].startswith(f"WARNING: {name} reads no text and stands above every ranked row: validation and test")
    assert "use it" not in " ".join(told)
    costs = advice([BETTER, BASE, control | {"costs_micro": True}])  # it says the same of the data
    assert costs.unlearnt == name
    assert advice([BETTER, BASE, row(name, 0.4, kind="control", delta=-0.1)]).unlearnt is None


def test_the_best_of_those_that_gain_but_cost_micro_is_named():
    near = row("near", 0.51, 1, delta=0.01, better=False)
    rows = [
        near,
        BASE,
        row("softmax", 0.57, delta=0.07, micro=-0.05, costs_micro=True, better_interval=None),
        row("greedy", 0.56, delta=0.06, micro=-0.09, costs_micro=True, better_interval=None),
        row("lower", 0.60, delta=0.005, micro=-0.09, costs_micro=True, better_interval=None),  # its interval holds 0
    ]
    told = said(rows)
    assert "Nothing that keeps micro recall beats the baseline at its own cut" in told
    assert "softmax gains +7.0 [+6.0, +8.0] points but costs micro recall (-5.0 [-6.0, -4.0])." in told
    assert as_json(advice(rows), "toy", "")["gains_but_costs_micro"] == "softmax"
    assert "costs micro" not in said([near, BASE])
    once = [rows[0], BASE, rows[2] | {"runs": 1}]
    assert advice(once).costly is None


def test_one_label_is_one_label():
    whole = board([BETTER, BASE])
    whole["dataset"] |= {"labels": 1, "train_documents": 1}
    told = words(advise(whole, decompose(whole, plain()), plain()))
    assert told[0].startswith("For 1 label on 1 training document (")


def test_runs_that_did_not_settle_are_mentioned():
    loose = BETTER | {"stability": {"verdicts": {"settled": 3, "unfinished": 1, "unstable": 2}}}
    told = words(advice([loose, BASE]))
    assert told[-2:] == [
        "1 of 6 runs of strong was unfinished: still rising at the end, more steps may help.",
        "2 of 6 runs of strong were unstable: over a quarter of the gain was lost on the way; lower the rate, clip, or "
        "take larger batches.",
    ]
    assert "runs of strong" not in said([BETTER, BASE])


def test_failed_runs_are_told_from_those_that_made_no_progress():
    loose = BETTER | {"stability": {"verdicts": {"failed": 3, "settled": 1}}, "runs_failed": 1}
    assert words(advice([loose, BASE]))[-2:] == [
        "2 of 4 runs of strong were without progress: finished, and in the board's means, but the curve shows no gain; "
        "look at the learning rate.",
        "1 of 4 runs of strong failed: no figure of a failed run is in the board's means.",
    ]
    alone = BETTER | {"stability": {"verdicts": {"failed": 1}}}
    assert words(advice([alone, BASE]))[-1].startswith("1 of 1 run of strong was without progress: finished")


def test_the_json_holds_what_the_text_says():
    rows = [BETTER, BASE, row("tfidf-linear", 0.65, kind="control", delta=0.15, better_interval=None)]
    found = as_json(advice(rows), "toy", "the text")
    assert (found["schema"], found["verdict"], found["strategy"], found["compared_with"]) == (
        1, "better", "strong", "baseline")  # fmt: skip
    assert found["expect"]["macro_recall"] == BETTER["better_interval"]
    assert found["expect"]["micro_recall"] == BETTER["delta_micro"]
    assert found["expect"]["alarms_per_document"] == 2.0
    assert (found["expect"]["seconds"], found["expect"]["times_baseline"]) == (10.0, 1.0)
    assert found["control_above"]["strategy"] == "tfidf-linear"
    assert found["gap"]["whole"]["terms"]["decision_rule"]["mean"] == pytest.approx(0.1)
    assert found["gap"]["measured_on"] == "test documents"
    assert found["counts"] == {
        "labels": 3, "train_documents": 1000, "fewest": 5, "most": 500, "labels_under_10": 1}  # fmt: skip
    assert found["text"] == "the text"
    json.dumps(found, allow_nan=False)


def test_the_file_is_that_of_the_records_whatever_their_order(tmp_path: Path, capsys: pytest.CaptureFixture):
    folder = planted(tmp_path / "planted")
    one = read(folder)
    write(one)
    assert (folder / FILE).read_text() == document(read(folder))
    told = json.loads((folder / FILE).read_text())
    assert (told["verdict"], told["strategy"]) == ("better", "strong")
    assert told["text"].replace("\n", " ") == text(one).replace("\n", " ").strip()
    show(folder, "json")
    assert json.loads(capsys.readouterr().out) == told
    show(folder, "text")
    lines = capsys.readouterr().out.splitlines()
    assert 80 < max(map(len, lines)) <= 100
    screen = io.StringIO()
    print_advice(one, Console(file=screen))
    assert [line for line in screen.getvalue().splitlines() if line] == lines  # piped, as wide as the board
    screen = io.StringIO()
    print_advice(one, Console(file=screen, force_terminal=True, color_system=None, width=60))
    assert 50 < max(map(len, screen.getvalue().splitlines())) <= 60
    next((folder / "records").glob("*.json")).write_text("{")
    show(folder, "text")
    assert "it is left out" in capsys.readouterr().err
    with pytest.raises(AblateError, match=r"unknown format 'md' \(known: text, json\)"):
        show(folder, "md")


def test_the_names_of_the_labels_are_those_of_the_truth():
    kept = plain(0.0, 0.0)
    assert {s.label for s in short_of_examples(kept, {})} == set(NAMES[1:])
    assert isinstance(short_of_examples(kept, {})[0].recall, float)
    assert np.isfinite(short_of_examples(kept, {})[0].against)
