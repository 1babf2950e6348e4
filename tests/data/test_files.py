import hashlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ablate.data.files import read, split_of
from ablate.data.source import load
from ablate.errors import AblateError
from conftest import sample, write

FORMATS = ("parquet", "csv", "tsv", "jsonl")
HEADER = "text,labels\n"


def refused(path, *words):
    """Reading is refused in one line that has all the words."""
    with pytest.raises(AblateError) as caught:
        load(str(path))
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message, message


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_four_formats_load_equal(suffix, tmp_path):
    first = load(str(write(tmp_path / "a.jsonl", sample())))
    other = load(str(write(tmp_path / f"b.{suffix}", sample())))
    assert other.name == "b"
    assert other.texts == first.texts
    assert other.names == first.names == ("blue", "green", "rare", "red")
    assert (other.labels.dense() == first.labels.dense()).all()
    assert (other.split == first.split).all()


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_sha256_of_a_file_is_of_its_bytes(suffix, tmp_path):
    path = write(tmp_path / f"a.{suffix}", sample())
    assert read(path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_sha256_of_a_folder_is_of_what_sha256sum_prints(tmp_path):
    paths = [write(tmp_path / name, sample()) for name in ("b.csv", "a.parquet")]
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    listing = f"{digests['a.parquet']}  a.parquet\n{digests['b.csv']}  b.csv\n"
    assert read(tmp_path).sha256 == hashlib.sha256(listing.encode()).hexdigest()


def test_a_folder_of_mixed_formats_takes_the_splits_from_file_names(tmp_path):
    rows = sample(120)
    write(tmp_path / "train-00000-of-00002.parquet", rows[:40])
    write(tmp_path / "train-00001-of-00002.csv", rows[40:80])
    write(tmp_path / "dev.tsv", rows[80:100])
    write(tmp_path / "test.jsonl", rows[100:])
    (tmp_path / "README.md").write_text("not data")
    dataset = load(str(tmp_path))
    assert [len(dataset.rows(name)) for name in ("train", "validation", "test")] == [80, 20, 20]
    assert dataset.name == tmp_path.name


@pytest.mark.parametrize(
    ("stem", "split"),
    [("train", 0), ("Train_1", 0), ("val", 1), ("valid-2", 1), ("dev.en", 1), ("validation", 1), ("test-00", 2)],
)
def test_a_file_stem_tells_its_split(stem, split):
    assert split_of(stem) == split


@pytest.mark.parametrize("stem", ["trained", "testing", "data", "value", ""])
def test_other_stems_tell_no_split(stem):
    assert split_of(stem) is None


def test_a_folder_where_only_some_files_tell_a_split_is_refused(tmp_path):
    for name in ("train.csv", "more.csv"):
        write(tmp_path / name, sample())
    refused(tmp_path, "more.csv", "tells no split", "column 'split'")


def test_the_splits_of_a_column_win_over_the_file_name(tmp_path):
    rows = [{**row, "split": "test" if i % 2 else "train"} for i, row in enumerate(sample(60))]
    write(tmp_path / "train.csv", rows)
    assert len(load(str(tmp_path)).rows("test")) == 30


def test_an_unknown_suffix_names_the_four_formats(text_file):
    refused(text_file("a.xlsx", "x"), "a.xlsx", "unknown suffix '.xlsx'", "Parquet", "CSV", "TSV", "JSONL")


def test_a_folder_without_data_is_refused(tmp_path):
    refused(tmp_path, "no data file", "CSV")


@pytest.mark.parametrize("suffix", FORMATS)
def test_an_empty_file_is_refused(suffix, text_file):
    refused(text_file(f"a.{suffix}", ""), f"a.{suffix}", "empty file")


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl"])
def test_a_file_of_blank_lines_is_empty(suffix, text_file):
    refused(text_file(f"a.{suffix}", "\n\n"), f"a.{suffix}", "empty file")


def test_a_header_alone_is_refused(text_file):
    refused(text_file("a.csv", HEADER), "a.csv", "no rows", "add documents")
    refused(text_file("a.tsv", "text\tlabels\n"), "a.tsv", "no rows")


def test_columns_without_rows_are_refused(tmp_path):
    pq.write_table(
        pa.table({"text": pa.array([], pa.string()), "labels": pa.array([], pa.string())}), tmp_path / "a.pq"
    )
    refused(tmp_path / "a.pq", "a.pq", "no rows", "add documents")


def test_column_names_that_come_twice_are_refused(text_file, tmp_path):
    refused(text_file("a.csv", "text,text\na,b\n"), "a.csv, row 1", "two columns", "'text'", "rename")
    refused(text_file("a.jsonl", '\n{"text": "a", "text": "b"}\n'), "a.jsonl, line 2", "'text'", "rename")
    columns = [pa.array(["a"]), pa.array(["b"])]
    pq.write_table(pa.Table.from_arrays(columns, names=["text", "text"]), tmp_path / "a.parquet")
    refused(tmp_path / "a.parquet", "a.parquet", "two columns", "'text'")


def test_a_row_with_another_number_of_fields_is_named(text_file):
    path = text_file("a.csv", HEADER + '"two\nlines",a\n\nb,c,d\n')
    refused(path, "a.csv, row 4 (line 5)", "3 fields where the header has 2", "quotes")


def test_a_quote_that_is_never_closed_names_the_row_where_it_opens(text_file):
    refused(text_file("a.csv", HEADER + 'a,b\n"c,d\ne,f\n'), "a.csv, row 3", "never closed", "double it")


def test_text_after_a_closing_quote_is_refused(text_file):
    refused(text_file("a.csv", HEADER + 'a,b\n"c"x,d\n'), "a.csv, row 3", "malformed", "double each quote")


def test_a_carriage_return_inside_a_row_is_refused(text_file):
    refused(text_file("a.csv", "text,labels\ra,b\r"), "a.csv, row 1", "carriage return", "LF or CRLF")


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl"])
def test_what_is_not_utf8_is_placed_by_line_and_byte(suffix, text_file):
    path = text_file(f"a.{suffix}", b"\xef\xbb\xbfa\nb\xff\n")
    refused(path, f"a.{suffix}", *(["line 2", "byte 6", "not UTF-8"] if suffix != "jsonl" else ["line 1"]))
    refused(text_file(f"b.{suffix}", b"\n\nab\xff\n"), f"b.{suffix}, line 3", "byte 4", "save it as UTF-8")


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl"])
def test_a_nul_is_placed_by_line_and_byte(suffix, text_file):
    refused(text_file(f"a.{suffix}", b"\nab\0c\n"), f"a.{suffix}, line 2", "NUL at byte 3", "without NULs")


def test_a_byte_order_mark_and_crlf_are_accepted(tmp_path):
    path = write(tmp_path / "a.csv", sample())
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert b"\r\n" in path.read_bytes()
    assert load(str(path)).texts[0] == "document number 0, told"


def test_a_cell_longer_than_the_csv_module_allows_is_read_and_its_limit_put_back(tmp_path):
    import csv

    before = csv.field_size_limit()
    rows = sample()
    rows[3]["text"] = "word " * 100_000
    assert len(load(str(write(tmp_path / "a.csv", rows))).texts[3]) == 500_000
    assert csv.field_size_limit() == before


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"text": "a", "labels"', ["malformed JSON", "one JSON object per line"]),
        ("[1]", ["a JSON list, not an object"]),
        ('"my secret words"', ["a JSON str, not an object"]),
        ("[" * 100_000, ["malformed JSON"]),
        ("1" * 5_000, ["malformed JSON"]),
        ('{"text": "\\ud800", "labels": []}', ["surrogate"]),
    ],
)
def test_a_malformed_json_line_is_named(line, words, text_file):
    path = text_file("a.jsonl", '{"text": "a", "labels": ["b"]}\n\n' + line + "\n")
    refused(path, "a.jsonl, line 3", *words)
    with pytest.raises(AblateError) as caught:
        load(str(path))
    assert "secret" not in str(caught.value)


def test_what_is_not_parquet_is_refused(text_file):
    refused(text_file("a.parquet", HEADER), "a.parquet", "not Parquet", "true suffix")
    refused(text_file("b.parquet", b"PAR1 and nothing more"), "b.parquet", "not Parquet or damaged", "again")


def test_damaged_parquet_data_is_refused(tmp_path):
    path = write(tmp_path / "a.parquet", sample())
    whole = path.read_bytes()
    path.write_bytes(whole[:8] + bytes(60) + whole[68:])
    refused(path, "a.parquet", "damaged in column")


def test_parquet_text_that_is_not_utf8_is_refused(tmp_path):
    bytes_ = pa.array([b"a", b"\xff"], pa.binary())
    texts = pa.StringArray.from_buffers(2, bytes_.buffers()[1], bytes_.buffers()[2])
    pq.write_table(pa.table({"text": texts, "labels": ["a", "b"]}), tmp_path / "a.parquet")
    refused(tmp_path / "a.parquet", "a.parquet", "column 'text'")


def test_a_file_that_cannot_be_opened_is_one_line(tmp_path, monkeypatch):
    path = write(tmp_path / "a.csv", sample())

    def locked(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", locked)
    refused(path, "a.csv", "cannot be read (Permission denied)", "permissions")
