import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ablate.data.columns import Columns, documents, encode
from ablate.data.files import read
from ablate.errors import AblateError
from conftest import sample, write


def mapped(path, **options):
    return documents(read(path), Columns(**options))


def refused(path, *words, **options):
    with pytest.raises(AblateError) as caught:
        mapped(path, **options)
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message, message


def lists(found):
    return [{found.names[column] for column in found.labels.take([row]).indices} for row in range(len(found.texts))]


def jsonl(text_file, *cells):
    return text_file("a.jsonl", "".join(f'{{"text": "some words", "labels": {cell}}}\n' for cell in cells))


def csv(text_file, *cells):
    quoted = (cell.replace('"', '""') for cell in cells)
    return text_file("a.csv", "text,labels\n" + "".join(f'some words,"{cell}"\n' for cell in quoted))


def test_a_missing_column_names_the_near_match_and_those_present(text_file):
    path = text_file("a.csv", "text,label,other\na,b,c\n")
    refused(path, "a.csv", "no column 'labels'", "did you mean 'label'?", "'label', 'other', 'text'", "--labels NAME")
    refused(path, "no column 'group'", "--group", labels="label", group="group")
    refused(path, "no column 'body'", "--text", labels="label", text="body")
    refused(path, "no column 'rel'", "--label-columns", label_columns=("rel",))


def test_columns_of_other_names_are_mapped(text_file):
    found = mapped(text_file("a.csv", "body,tags\na,x\nb,y\n"), text="body", labels="tags")
    assert found.texts == ["a", "b"]
    assert found.names == ("x", "y")


@pytest.mark.parametrize(
    ("cells", "names"),
    [
        (["a|b;c", "d"], [{"a", "b;c"}, {"d"}]),
        (["a;b,c", "d"], [{"a", "b,c"}, {"d"}]),
        (["a, b", " d "], [{"a", "b"}, {"d"}]),
        (["a  b", "c"], [{"a b"}, {"c"}]),
        (["a||b|", ""], [{"a", "b"}, set()]),
        (['["a, b", "c|d"]', "e;f"], [{"a, b", "c|d"}, {"e", "f"}]),
        (["[1, 2]", "[]"], [{"1", "2"}, set()]),
        (["7", "8"], [{"7"}, {"8"}]),
    ],
)
def test_a_text_of_labels_is_split_at_the_guessed_separator(cells, names, text_file):
    assert lists(mapped(csv(text_file, *cells))) == names


def test_a_guess_is_noted_and_a_given_separator_is_not(text_file):
    path = csv(text_file, "a;b", "c")
    assert mapped(path).notes == ("labels are separated by ';' (guessed)",)
    assert mapped(path, label_separator=";").notes == ()
    assert lists(mapped(path, label_separator=" ")) == [{"a;b"}, {"c"}]


def test_a_given_separator_turns_square_brackets_into_text(text_file):
    assert lists(mapped(csv(text_file, "[meta];b"), label_separator=";")) == [{"[meta]", "b"}]


def test_square_brackets_that_are_no_json_array_are_refused(text_file):
    refused(csv(text_file, "a", "['b']"), "a.csv, row 3, column 'labels'", "JSON array", "--label-separator")


def test_lists_of_integers_become_text_and_repeats_are_dropped(text_file):
    assert lists(mapped(jsonl(text_file, "[3, 3, 12]", "[]"))) == [{"3", "12"}, set()]


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (['["a"]', "[1]"], ["line 2", "mixed types", "an integer here, text before", "one type"]),
        (['["a", 1]'], ["line 1", "mixed types"]),
        (['["a"]', '"a"'], ["line 2", "mixed types", "text here, a list before"]),
        (['"a"', "1"], ["line 2", "mixed types", "an integer here, text before"]),
        (['["a"]', '["a", null]'], ["line 2", "a label is null", "texts or integers"]),
        (['[["a"]]'], ["line 1", "a label is a list"]),
        (['[{"a": 1}]'], ["line 1", "a label is an object"]),
        (['{"a": 1}'], ["line 1", "labels are an object", "give a list or a text"]),
        (["[true]"], ["line 1", "a label is true or false"]),
        (["[1.5]"], ["line 1", "a label is a decimal number"]),
        (["1.5"], ["line 1", "labels are a decimal number"]),
        (['["a"]', "null"], ["line 2", "labels are null", "empty where there are none"]),
        (['["a", " "]'], ["line 1", "an empty text", "take it out"]),
        (['["a\\u0007"]'], ["line 1", "control character", "rename"]),
        (['["a", "b\\u0000"]'], ["line 1", "control character"]),
    ],
)
def test_labels_of_other_or_mixed_types_are_placed(cells, words, text_file):
    refused(jsonl(text_file, *cells), "a.jsonl", "column 'labels'", *words)


def test_labels_of_mixed_types_in_parquet_name_the_row(tmp_path):
    table = pa.table({"text": ["a", "b"], "labels": pa.array([["x"], ["y", None]])})
    pq.write_table(table, tmp_path / "a.parquet")
    refused(tmp_path / "a.parquet", "a.parquet, row 2, column 'labels'", "a label is null")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("null", ["is null", "fill it or remove the row"]),
        ('""', ["is empty", "fill it or remove the row"]),
        ('" \\n "', ["is empty"]),
        ("12", ["of type int", "--text"]),
        ('["a"]', ["of type list", "--text"]),
        ('"a\\u0000"', ["NUL", "remove"]),
    ],
)
def test_a_text_that_is_none_is_placed(text, words, text_file):
    path = text_file("a.jsonl", '{"text": "a", "labels": "b"}\n\n{"text": ' + text + ', "labels": "b"}\n')
    refused(path, "a.jsonl, line 3, column 'text'", *words)


def test_a_null_text_in_parquet_names_the_row(tmp_path):
    pq.write_table(pa.table({"text": ["a", None], "labels": ["x", "y"]}), tmp_path / "a.parquet")
    refused(tmp_path / "a.parquet", "a.parquet, row 2, column 'text'", "null")


def test_a_key_that_a_line_leaves_out_is_null(text_file):
    path = text_file("a.jsonl", '{"labels": "b"}\n{"labels": "b", "text": "a"}\n{"text": "c"}\n')
    refused(path, "line 1, column 'text'", "null")


def test_a_file_where_nothing_is_labelled_is_refused(text_file):
    refused(csv(text_file, "", ""), "a.csv", "no document has a label", "check the column")


@pytest.mark.parametrize("word", ["train", "Validation", "dev", "val", "VALID", " test "])
def test_known_split_words_are_read_in_any_case(word, text_file):
    found = mapped(text_file("a.csv", f"text,labels,split\na,b,{word}\n"))
    assert found.split.tolist() == [{"train": 0, "test": 2}.get(word.strip(), 1)]


@pytest.mark.parametrize("word", ["holdout", ""])
def test_an_unknown_split_word_is_placed(word, text_file):
    path = text_file("a.csv", f"text,labels,split\na,b,train\na,b,{word}\n")
    refused(path, "a.csv, row 3, column 'split'", f"unknown split {word!r}", "validation (dev, val, valid)")


MARKED = "text,split,red,blue\na,train,1,0\nb,test,TRUE,false\nc,dev,0,0\n"


@pytest.mark.parametrize("columns", [("red", "blue"), ("*",)])
def test_columns_of_marks_give_labels(columns, text_file):
    found = mapped(text_file("a.csv", MARKED), label_columns=columns)
    assert found.names == ("blue", "red")
    assert lists(found) == [{"red"}, {"red"}, set()]


def test_marks_in_parquet_may_be_integers_booleans_or_whole_decimals(tmp_path):
    table = pa.table({"text": ["a", "b"], "x": [1, 0], "y": [True, False], "z": [0.0, 1.0]})
    pq.write_table(table, tmp_path / "a.parquet")
    assert lists(mapped(tmp_path / "a.parquet", label_columns=("*",))) == [{"x", "y"}, {"z"}]


@pytest.mark.parametrize("mark", ["2", "", "yes", "0.5"])
def test_a_mark_that_is_neither_0_nor_1_is_placed(mark, text_file):
    path = text_file("a.csv", f"text,red\na,1\nb,{mark}\n")
    refused(path, "a.csv, row 3, column 'red'", "not a 0/1 mark", "true or false", label_columns=("red",))


def test_a_missing_mark_in_parquet_is_placed(tmp_path):
    pq.write_table(pa.table({"text": ["a", "b"], "x": [1, None]}), tmp_path / "a.parquet")
    refused(tmp_path / "a.parquet", "row 2, column 'x'", "None", label_columns=("x",))


def test_options_that_contradict_each_other_are_refused(write):
    path = write("a.csv", sample())
    refused(path, "both text and labels", labels="text")
    refused(path, "--label-separator is empty", label_separator="")
    refused(path, "twice", label_columns=("a", "a"))


def test_all_other_columns_need_some_to_be_left(text_file):
    refused(text_file("a.csv", "text,split\na,train\n"), "a.csv", "no columns left", label_columns=("*",))


def test_groups_are_numbered_over_all_files_and_empty_ones_are_none(tmp_path):
    write(tmp_path / "a.csv", [{"text": "a", "labels": "x", "user": "u"}, {"text": "b", "labels": "x", "user": ""}])
    write(tmp_path / "b.jsonl", [{"text": "c", "labels": "x", "user": "u"}, {"text": "d", "labels": "x", "user": 3}])
    assert mapped(tmp_path, group="user").groups.tolist() == [0, -1, 0, 1]


def test_a_group_that_is_a_list_is_placed(write):
    path = write("a.jsonl", [{"text": "a", "labels": "x", "user": ["u"]}])
    refused(path, "a.jsonl, line 1, column 'user'", "one value", group="user")


def test_encoding_sorts_names_and_columns():
    labels, names = encode([["b", "a", "b"], [], ["c"]])
    assert names == ("a", "b", "c")
    assert labels.indptr.tolist() == [0, 2, 2, 3]
    assert labels.indices.tolist() == [0, 1, 2]
