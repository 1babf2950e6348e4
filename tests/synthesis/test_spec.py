import re
import tomllib

import numpy as np
import pytest
from small_specs import small

from ablate.errors import AblateError
from ablate.synthesis.counts import split_sizes, training_counts
from ablate.synthesis.generate import generate
from ablate.synthesis.presets import presets, resolve
from ablate.synthesis.spec import make
from ablate.synthesis.words import neighbourhood, words
from ablate.synthesis.world import build


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("labls = 3", "unknown key 'labls'; did you mean 'labels'?; known are name"),
        ("[evidence]\nlevl = 3", "unknown key 'evidence.levl'; did you mean 'level'?"),
        ("[[blocks]]\nsise = 3", "unknown key 'blocks.0.sise'; did you mean 'size'?"),
        ("[noise]\nmissing = 1.5", "noise.missing: input should be less than 1, not 1.5"),
        ("labels = 'many'", "labels: input should be a valid integer"),
        ("[documents]\nvalidation = 0.6\ntest = 0.4", "documents: validation and test leave no share for train; lower"),
        ("[counts]\nlaw = 'explicit'", "counts: law 'explicit' goes with explicit = [...] and explicit_documents"),
        ("[[blocks]]\nkind = 'implied'\nsize = 9", "blocks.0: 9 labels in a block of kind 'implied'; give 8 or fewer"),
        ("[[blocks]]\nkind = 'table'\ntable = [1, 2]", "blocks.0: table has 2 weights; give 4, one for each label set"),
        ("[[blocks]]\nnumber = 9\nsize = 8", "blocks: they take 72 labels of 64; lower blocks.number or blocks.size"),
        ("[[blocks]]\nlabels = [1, 64]", "blocks.labels: each label stands in one block at most and is below 64"),
        ("[length]\nfewest = 30", "length: fewest <= plain <= most <= longest must hold; change one of them"),
    ],
)
def test_a_malformed_spec_is_told_by_its_dotted_path(toml, message):
    with pytest.raises(AblateError, match=re.escape("mine.toml: " + message)) as caught:
        make({"name": "mine", **tomllib.loads(toml)}, "mine.toml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        # 260 training documents (65 % of 400); 300 of one label are too many
        (
            {"labels": 2, "blocks": [], "counts": {"law": "explicit", "explicit": [300, 5], "explicit_documents": 260}},
            "counts.explicit.0 is 300 of 260 training documents; lower it",
        ),
        (
            {
                "labels": 2,
                "blocks": [{"kind": "exclusive", "labels": [0, 1]}],
                "counts": {"law": "explicit", "explicit": [200, 100], "explicit_documents": 260},
            },
            "counts and blocks cannot both hold: labels 0 (200), 1 (100) in a block of kind 'exclusive'",
        ),
        (
            {
                "labels": 2,
                "blocks": [{"kind": "implied", "labels": [0, 1]}],
                "counts": {"law": "explicit", "explicit": [20, 30], "explicit_documents": 260},
            },
            "counts and blocks cannot both hold: labels 0 (20), 1 (30) in a block of kind 'implied'",
        ),
        (
            {
                "labels": 3,
                "blocks": [{"kind": "table", "labels": [0, 1, 2], "table": [1, 0, 0, 1, 0, 1, 1, 1]}],
                "counts": {"law": "explicit", "explicit": [50, 5, 5], "explicit_documents": 260},
            },
            "counts and blocks cannot both hold: labels 0 (50), 1 (5), 2 (5) in a block of kind 'table'",
        ),
        ({"keywords": {"head": 300, "tail": 300}, "labels": 100}, "keywords need 30,000 words and 12,518 are free"),
        ({"length": {"vocabulary": 12_600}}, "length.vocabulary and topics.pool take all 12,570 words"),
        ({"evidence": {"level": 60.0}}, "labels outgrow 60 words; raise length.longest or length.plain"),
        ({"documents": {"total": 3}}, "3 documents leave a split empty; give more documents"),
        # top 30 % of 65 % of D must reach 25: D >= 25 / .195 = 128.2
        ({"documents": {"total": 100}}, "100 documents are too few; give 129 or more"),
    ],
)
def test_what_cannot_hold_is_refused_with_what_to_change(tables, message):
    with pytest.raises(AblateError, match=re.escape(message)):
        generate(small(**tables))


@pytest.mark.parametrize("name", presets())
def test_every_preset_makes_a_world(name):
    if name.endswith(("full", "medium")) or name in ("forum-data", "forum-decision"):
        assert resolve(name).name == name
        return
    world = build(resolve(name))
    assert len(set(world.names)) == world.spec.labels


def test_a_size_lies_over_its_preset():
    small_one, full = resolve("forum-decision-small"), resolve("forum-decision-full")
    assert (small_one.documents.total, full.documents.total) == (20_000, 5_000_000)
    assert small_one.labels == full.labels == 485
    counts = training_counts(full)
    assert counts.min() < 10
    assert counts.max() > 100_000
    assert counts.max() == round(0.04 * split_sizes(full)[0])


def test_presets_and_files_that_are_not_there_are_named(tmp_path):
    with pytest.raises(AblateError, match="synthetic:quickstat: no such preset; did you mean 'quickstart'"):
        resolve("quickstat")
    with pytest.raises(AblateError, match=r"spec '.*none.toml' cannot be read: No such file"):
        resolve(str(tmp_path / "none.toml"))
    (tmp_path / "broken.toml").write_text("labels = ")
    with pytest.raises(AblateError, match="is not TOML"):
        resolve(str(tmp_path / "broken.toml"))


def test_a_file_is_a_spec(tmp_path):
    (tmp_path / "mine.toml").write_text("name = 'mine'\nlabels = 12\n[counts]\ntop = 0.2")
    assert resolve(str(tmp_path / "mine.toml")).labels == 12


@pytest.mark.parametrize(
    ("law", "middle"),
    [
        # 101 labels from 5 to 500, the 51st: geometric mean 50; the same by symmetry; 500 * 51^-s, s = ln 100 / ln 101
        ({"law": "loguniform"}, 50),
        ({"law": "lognormal"}, 50),
        ({"law": "zipf"}, 9.9),
    ],
)
def test_a_law_is_pinned_to_its_ends(law, middle):
    spec = small(
        labels=101, blocks=[], documents={"total": 2000, "validation": 0.25, "test": 0.25}, counts={"top": 0.5} | law
    )
    counts = training_counts(spec)
    assert (counts[0], counts[-1]) == (5, 500)
    assert abs(counts[50] - middle) <= 0.5
    assert (np.diff(counts) >= 0).all()


def test_explicit_counts_scale_with_the_documents_and_keep_the_rarest():
    law = {"law": "explicit", "explicit": [3, 10, 100], "explicit_documents": 1000}
    spec = small(labels=3, blocks=[], counts=law, documents={"total": 1000, "validation": 0.25, "test": 0.25})
    # half the training documents: half of each, but no fewer than 5, or all of them where there were fewer
    assert training_counts(spec).tolist() == [3, 5, 50]


def test_the_cardinality_asked_for_is_met_exactly():
    spec = small(labels=40, blocks=[], counts={"rarest": 5, "cardinality": 1.0}, documents={"total": 2000})
    assert training_counts(spec).sum() == split_sizes(spec)[0] == 1300


def test_words_are_whole_lower_case_and_known():
    assert len(set(words())) == len(words()) > 12_000
    assert all(re.fullmatch("[a-z]{4,}", word) for word in words())
    assert len(np.unique(neighbourhood())) == len(neighbourhood()) > 9_000


def test_coherent_words_come_from_one_neighbourhood():
    place = np.full(len(words()), -1)
    place[neighbourhood()] = np.arange(len(neighbourhood()))

    def spans(coherence: float) -> np.ndarray:
        keywords = build(small(blocks=[], keywords={"head": 20, "tail": 20, "coherence": coherence})).keywords
        found = [place[keywords.word[keywords.label == label]] for label in range(10)]
        return np.array([np.ptp(np.sort(places[places >= 0])[:10]) for places in found])

    # ten of 9,828 places that follow each other span little more than 10; ten lowest of 20 random ones about half
    assert np.median(spans(1.0)) < 100
    assert np.median(spans(0.0)) > 1000


def test_evidence_and_words_follow_the_frequency():
    world = build(
        small(blocks=[], keywords={"head": 2, "tail": 32}, evidence={"level": 2.0, "slope": 0.5, "spread": 0})
    )
    sizes = np.bincount(world.keywords.label)
    rare, frequent = world.counts.argmin(), world.counts.argmax()
    assert (sizes[frequent], sizes[rare]) == (2, 32)
    assert world.evidence[frequent] == pytest.approx(2.0)
    # .3 of 260 is 78; ln(78 / 5) = 2.747 e-folds below
    assert world.evidence[rare] == pytest.approx(2.0 + 0.5 * np.log(78 / 5))
