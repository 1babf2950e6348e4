from itertools import pairwise

import numpy as np
import pytest

from ablate.data.source import load
from ablate.errors import AblateError
from ablate.synthesis.generate import generate
from conftest import sample, write


def test_a_data_set_is_named_by_its_file_stem_and_tells_no_path(tmp_path):
    dataset = load(str(write(tmp_path / "my set.csv", sample())))
    assert dataset.name == "my set"
    assert str(tmp_path) not in repr((dataset.name, dataset.notes, dataset.options))
    assert len(dataset.sha256) == 64


def test_a_missing_file_names_the_place_and_a_near_match(tmp_path):
    write(tmp_path / "cooking.csv", sample())
    with pytest.raises(AblateError, match=r"no such file: .*coking.csv; did you mean 'cooking.csv'.*ABLATE_DATA_DIR"):
        load(str(tmp_path / "coking.csv"))


def test_a_file_that_is_not_here_is_looked_for_in_the_data_folder(tmp_path, monkeypatch):
    write(tmp_path / "cooking.csv", sample())
    monkeypatch.setenv("ABLATE_DATA_DIR", str(tmp_path))
    assert load("cooking.csv").sha256 == load("cooking").sha256 == load(str(tmp_path / "cooking.csv")).sha256
    with pytest.raises(AblateError) as caught:
        load("coking.csv")
    assert str(caught.value).startswith(f"no such file: coking.csv nor {tmp_path}/coking.csv; did you mean")


def test_labels_without_a_training_document_are_set_apart(tmp_path):
    rows = [{"text": f"t{i}", "labels": ["x", "only"] if i == 9 else ["x"], "split": "train"} for i in range(30)]
    rows[9]["split"] = rows[10]["split"] = "test"
    rows[11]["split"] = "dev"
    dataset = load(str(write(tmp_path / "a.jsonl", rows)))
    assert dataset.names == ("x",)
    assert dataset.untrained == ("only",)
    assert dataset.notes == ("labels without a training document: only",)
    assert dataset.labels.width == 1


def test_a_column_of_marks_that_is_never_set_is_an_untrained_label(tmp_path):
    rows = [{"text": f"t{i}", "red": 1, "never": 0} for i in range(30)]
    assert load(str(write(tmp_path / "a.csv", rows)), label_columns="red,never").untrained == ("never",)


def test_the_same_seed_loads_the_same_and_the_key_follows_what_is_read(tmp_path):
    path = str(write(tmp_path / "a.csv", sample(200)))
    first, again, other = load(path), load(path), load(path, split_seed=1)
    assert (first.split == again.split).all()
    assert first.key == again.key
    assert (first.split != other.split).any()
    keys = {first.key, other.key, load(path, label_separator=",").key, load(path, documents=60).key}
    assert len(keys) == 4


def test_a_subset_keeps_the_sha256_and_tells_what_it_is(tmp_path):
    path = str(write(tmp_path / "a.csv", sample(200)))
    dataset = load(path, documents=100)
    assert len(dataset.texts) == len(dataset.labels) == len(dataset.split) == pytest.approx(100, abs=2)
    assert dataset.sha256 == load(path).sha256
    assert "of 200 documents, chosen to keep the tail" in dataset.notes[-1]
    assert dataset.options == (("documents", "100"),)
    assert "rare" in dataset.names
    whole = load(path, documents=500)
    assert whole.texts == load(path).texts


def test_options_that_make_no_sense_are_refused(tmp_path):
    path = str(write(tmp_path / "a.csv", sample()))
    with pytest.raises(AblateError, match="--documents is 10"):
        load(path, documents=10)
    with pytest.raises(AblateError, match="--split-seed is -1"):
        load(path, split_seed=-1)


def test_an_error_of_the_splits_names_the_set(tmp_path):
    with pytest.raises(AblateError, match=r"^few: no test split possible: 8 documents"):
        load(str(write(tmp_path / "few.csv", sample(8))))


def test_groups_stay_together(tmp_path):
    rows = [{**row, "user": f"u{i // 4}"} for i, row in enumerate(sample(200))]
    dataset = load(str(write(tmp_path / "a.csv", rows)), group="user")
    for start in range(0, 200, 4):
        assert len(set(dataset.split[start : start + 4])) == 1


def test_no_data_means_the_synthetic_quickstart_as_it_was_made():
    made = generate("quickstart", 400)
    dataset = load(documents=400)
    assert (dataset.name, dataset.sha256) == ("quickstart", made.sha256)
    assert dataset.texts[:400] == made.texts
    assert dataset.names == tuple(sorted(made.names))
    own = [sorted(made.names[column] for column in row) for row in made.labels.lists()]
    read = dataset.labels.take(np.arange(400))
    assert [[dataset.names[c] for c in read.indices[a:b]] for a, b in pairwise(read.indptr)] == own
    assert (dataset.split[:400] == made.split).all()


def test_goemotions_is_split_as_published(real):
    dataset = load(str(real("goemotions.parquet")))
    left_out = 54_263 - len(dataset.texts)
    sizes = {name: len(dataset.rows(name)) for name in ("train", "validation", "test")}
    assert sizes["test"] == 5_427
    assert sizes["train"] + sizes["validation"] + left_out == 43_410 + 5_426
    assert 0 < left_out < 250
    assert dataset.labels.width == 28


def test_reuters_keeps_its_test_split_and_train_loses_only_copies_of_it(real):
    dataset = load(str(real("reuters_modapte90.parquet")))
    assert len(dataset.rows("test")) == 3_019
    assert len(dataset.rows("train")) + len(dataset.rows("validation")) == 7_770 - 6
    assert dataset.labels.width + len(dataset.untrained) == 90


def test_the_cooking_titles_give_a_validation_split_of_a_fifth(real):
    dataset = load(str(real("cooking_stackexchange.parquet")))
    assert len(dataset.rows("train")) + len(dataset.rows("validation")) == 12_404
    assert len(dataset.rows("validation")) == pytest.approx(2_481, rel=0.02)
    assert len(dataset.rows("test")) == 3_000
    assert dataset.untrained == ("porridge",)
