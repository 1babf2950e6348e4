"""``ablate diagnose``: on the screen or as JSON."""

from __future__ import annotations

import json
import sys

from ablate.data.columns import ALL_OTHERS, Columns
from ablate.errors import AblateError, near
from ablate.results.weights.diagnosis import diagnose

FORMATS = ("table", "json")


def show(
    counts: str,
    documents: int | None,
    text: str,
    labels: str,
    label_separator: str | None,
    label_columns: str | None,
    format: str,
) -> None:
    """Print a diagnosis; raises :class:`AblateError` at a mistake in what is given."""
    if format not in FORMATS:
        raise AblateError(f"unknown format '{format}'{near(format, list(FORMATS))} (known: {', '.join(FORMATS)})")
    marked = None if label_columns is None else tuple(name.strip() for name in label_columns.split(","))
    columns = Columns(text, labels, label_separator, ALL_OTHERS if marked == ("*",) else marked)
    found = diagnose(counts, documents, None if columns == Columns() else columns)
    if format == "json":
        sys.stdout.write(json.dumps(found.as_json(), indent=1, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(str(found))
