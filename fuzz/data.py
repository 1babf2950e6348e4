"""Broken data files of each format."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
from hypothesis import strategies as st

from ablate.data.source import load
from fuzz.values import values


def sound_csv(rows: int) -> bytes:
    """A file that works if it has enough rows."""
    return b"text,labels\n" + b"".join(f"words {i} and more,a{i % 3}|b{i % 2}\n".encode() for i in range(rows))


def sound_parquet(rows: int) -> bytes:
    """The same as Parquet."""
    held = io.BytesIO()
    pd.DataFrame(
        {
            "text": [f"words {i} and more" for i in range(rows)],
            "labels": [[f"a{i % 3}", f"b{i % 2}"] for i in range(rows)],
        }
    ).to_parquet(held)
    return held.getvalue()


def spliced(content: bytes, place: int, bytes_: bytes) -> bytes:
    """Some bytes of a file are others, or gone."""
    place %= len(content)
    return content[:place] + bytes_ + content[place + 1 + place % 4 :]


def _csv(rows: list[list[str]]) -> bytes:
    text = "text,labels,split\n" + "\n".join(",".join(row) for row in rows)
    return text.encode("utf-8", "surrogatepass")


def _lines(rows: list[dict[str, Any]]) -> bytes:
    return "\n".join(json.dumps(row) for row in rows).encode()


words = st.text(max_size=12)
wounds = st.tuples(st.integers(40, 90), st.integers(0, 2**20), st.binary(max_size=3))
csv = st.one_of(
    st.lists(st.lists(words, max_size=4), max_size=12).map(_csv),
    st.integers(0, 90).map(sound_csv),
    wounds.map(lambda case: spliced(sound_csv(case[0]), case[1], case[2])),
)
lines = st.lists(
    st.fixed_dictionaries(
        {},
        optional={"text": words | values, "labels": st.lists(words, max_size=3) | values, "split": words, "x": values},
    ),
    max_size=40,
).map(_lines)
parquet = wounds.map(lambda case: spliced(sound_parquet(case[0]), case[1], case[2]))
data_files = st.one_of(
    st.tuples(st.just("csv"), csv),
    st.tuples(st.just("jsonl"), lines),
    st.tuples(st.just("parquet"), parquet),
    st.tuples(
        st.sampled_from(["csv", "tsv", "jsonl", "parquet", "txt", ""]), st.one_of(st.binary(max_size=200), csv, lines)
    ),
)


def data_file(folder: Path, case: tuple[str, bytes]) -> None:
    """A data file is loaded and split."""
    suffix, content = case
    file = folder / (f"data.{suffix}" if suffix else "data")
    file.write_bytes(content)
    load(str(file))
