"""``ablate audit``: on the screen, as JSON, and into files."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from ablate.errors import AblateError, near
from ablate.results.scores.audit import audit
from ablate.results.whole import write_whole

FORMATS = ("table", "json")


def show(scores: Path, options: dict[str, Any], files: dict[str, Path], format: str) -> None:
    """Audit a file of scores and print what was found; ``files`` are where ``cuts`` and ``per_label`` go.

    ``options`` are those of :func:`~ablate.results.scores.audit.audit`.

    Raises:
        AblateError: a mistake in what is given; nothing is written then.
    """
    refuse_format(format)
    _refuse_clash([scores, *files.values()])
    found = audit(scores, **options)
    texts = {
        "cuts": lambda: json.dumps(dict(found.cuts), indent=1, ensure_ascii=False) + "\n",
        "per_label": lambda: found.labels.round(6).to_csv(index=False, lineterminator="\n"),
    }
    for name, path in files.items():
        _write(path, texts[name]())
    sys.stdout.write(
        json.dumps(found.as_json(), indent=1, ensure_ascii=False) + "\n" if format == "json" else str(found)
    )


def refuse_format(format: str) -> None:
    """Raise :class:`AblateError` at an unknown format."""
    if format not in FORMATS:
        raise AblateError(f"unknown format '{format}'{near(format, list(FORMATS))} (known: {', '.join(FORMATS)})")


def _refuse_clash(paths: list[Path]) -> None:
    places = [path.expanduser().resolve() for path in paths]
    for path in places[1:]:
        if path.is_dir():
            raise AblateError(f"'{path.name}' is a folder; give a file to write to")
    if len(set(places)) < len(places):
        raise AblateError("two of SCORES, --cuts and --per-label name the same file; give each its own")


def _write(path: Path, text: str) -> None:
    try:
        write_whole(path.expanduser(), text.encode())
    except OSError as error:
        raise AblateError(f"'{path}' cannot be written ({error.strerror}); give another place") from None
