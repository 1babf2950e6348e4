import sys
import types

import pytest

from ablate.data.source import load
from ablate.errors import AblateError

FIRST = "1" * 40


class Rows(dict):
    """A split as the library gives it: columns by name, features beside them."""

    def __init__(self, columns, features):
        super().__init__(columns)
        self.features = {name: features.get(name) for name in columns}
        self.column_names = list(columns)

    def __len__(self):
        return len(self["text"])


def split(count, offset=0):
    labels = [[i % 2] if i % 5 else [] for i in range(count)]
    classes = types.SimpleNamespace(feature=types.SimpleNamespace(names=["no", "yes"]))
    return Rows({"text": [f"t{offset + i}" for i in range(count)], "labels": labels}, {"labels": classes})


@pytest.fixture(autouse=True)
def hub_of(monkeypatch):
    """A hub whose newest commit of everything is the first."""
    info = types.SimpleNamespace(dataset_info=lambda name, revision, timeout: types.SimpleNamespace(sha=FIRST))
    monkeypatch.setattr("huggingface_hub.HfApi", lambda: info)


def serve(monkeypatch, answer):
    asked = []

    def load_dataset(name, config, revision):
        asked.append((name, config, revision))
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setitem(sys.modules, "datasets", types.SimpleNamespace(load_dataset=load_dataset))
    return asked


def test_hub_splits_and_class_names_are_mapped(monkeypatch):
    answer = {"train": split(30), "dev": split(10, 100), "test": split(10, 200), "unsupervised": split(9, 300)}
    asked = serve(monkeypatch, answer)
    dataset = load("hub:owner/name:config")
    assert asked == [("owner/name", "config", FIRST)]
    assert dataset.name == "owner/name:config"
    assert dataset.names == ("no", "yes")
    assert [len(dataset.rows(name)) for name in ("train", "validation", "test")] == [30, 10, 10]
    assert dataset.sha256 == load("hub:owner/name:config").sha256


def test_one_class_per_document_gives_its_name_and_minus_one_none(monkeypatch):
    classes = types.SimpleNamespace(names=["no", "yes"])
    rows = Rows({"text": [f"t{i}" for i in range(40)], "label": [i % 3 - 1 for i in range(40)]}, {"label": classes})
    serve(monkeypatch, {"train": rows})
    dataset = load("hub:owner/name", labels="label")
    assert dataset.names == ("no", "yes")
    assert (dataset.labels.lengths == 0).sum() == 14


def test_class_numbers_of_the_real_library_become_names(monkeypatch):
    import datasets

    features = datasets.Features(
        {"text": datasets.Value("string"), "labels": datasets.List(datasets.ClassLabel(names=["no", "yes"]))}
    )
    columns = {"text": [f"t{i}" for i in range(40)], "labels": [[i % 2] if i % 5 else [] for i in range(40)]}
    made = datasets.DatasetDict({"train": datasets.Dataset.from_dict(columns, features=features)})
    monkeypatch.setattr(datasets, "load_dataset", lambda name, config, revision: made)
    dataset = load("hub:owner/name")
    assert dataset.names == ("no", "yes")
    assert dataset.labels.counts().tolist() == [16, 16]


def test_the_sha256_follows_the_content(monkeypatch):
    serve(monkeypatch, {"train": split(30)})
    first = load("hub:a/b").sha256
    serve(monkeypatch, {"train": split(31)})
    assert load("hub:a/b").sha256 != first


def test_an_unreachable_hub_is_one_line(monkeypatch):
    serve(monkeypatch, ConnectionError("no route\nto host"))
    with pytest.raises(AblateError) as caught:
        load("hub:owner/name")
    assert str(caught.value).startswith("hub:owner/name: not reached or not there (ConnectionError: no route); check")
    assert "\n" not in str(caught.value)


def test_a_hub_set_without_a_known_split_is_refused(monkeypatch):
    serve(monkeypatch, {"unsupervised": split(9)})
    with pytest.raises(AblateError, match=r"hub:a/b: none of its splits \(unsupervised\)"):
        load("hub:a/b")


def test_a_hub_address_needs_a_name():
    with pytest.raises(AblateError, match="hub:owner/name"):
        load("hub:")


def test_a_missing_hub_column_names_the_near_match(monkeypatch):
    rows = Rows({"text": ["a"], "label": [0]}, {})
    serve(monkeypatch, {"train": rows})
    with pytest.raises(AblateError, match=r"hub:a/b, split train: no column 'labels'; did you mean 'label'"):
        load("hub:a/b")
