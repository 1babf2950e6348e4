"""The account of one run: a JSON body and its arrays, one pair of files named by the key of what determines them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.data.labels import Labels
from ablate.results.arrays import Arrays, Header, fault, inspect, pack, unpack
from ablate.results.shape import misshapen
from ablate.results.whole import write_whole

SCHEMA = 1
CLOCK = ("time", "started", "finished", "date", "host", "process")
"""Parts of ``environment`` that a clock or a machine's name fills: no part of what makes two records the same."""

NEEDED = ("alarms", "alarms_at_budget", "true_positives_at_budget")
"""Arrays that every run with test figures has."""
OF_TRUTH = ("indptr", "indices", "width", "counts_train", "documents_train", "names")

Body = dict[str, Any]


def _refuse(constant: str) -> None:
    """NaN and infinities are no JSON, and no record holds any."""
    raise ValueError(constant)


DIGITS = 10
NOTHING = 1e-12


def rounded(value: Any) -> Any:
    """A value whose floats have ten significant digits, and none where they are under 1e-12.

    Processors add up in different orders, and differ in the sixteenth digit: what is written from the same records
    is the same bytes on each of them.
    """
    if isinstance(value, float):
        return 0.0 if abs(value) < NOTHING else float(f"{value:.{DIGITS}g}")
    if isinstance(value, Mapping):
        return {key: rounded(one) for key, one in value.items()}
    return [rounded(one) for one in value] if isinstance(value, list | tuple) else value


def sorted_json(value: Any) -> str:
    """A value as a file of JSON for people and programs: keys sorted, so that the same value is the same bytes."""
    return json.dumps(rounded(value), sort_keys=True, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def canonical(value: Any) -> str:
    """JSON with sorted keys, no spaces, floats by repr. Raises ValueError for NaN and infinities."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def key_of(identity: Mapping[str, Any]) -> str:
    """Name of the run that this identity determines: sha256 of its canonical JSON, 64 hexadecimal digits."""
    return hashlib.sha256(canonical(identity).encode()).hexdigest()


def same(a: Body, b: Body) -> bool:
    """Whether two bodies tell the same, but for what a clock measured."""
    return canonical(_timeless(a)) == canonical(_timeless(b))


def _timeless(body: Body) -> Body:
    environment = {k: v for k, v in body.get("environment", {}).items() if k not in CLOCK}
    return {k: v for k, v in body.items() if k != "measured"} | {"environment": environment}


@dataclass(frozen=True, eq=False)
class Truth:
    """What is true of the test documents, shared by all records of a study.

    ``labels`` [M, L]; ``counts_train`` int64 [L]; ``names`` L strings.
    """

    labels: Labels
    counts_train: NDArray[np.int64]
    documents_train: int
    names: tuple[str, ...]


def _unfit(headers: Mapping[str, Header], labels: int) -> str:
    """What a run's arrays lack, or which of them is not one number for each label; ``alarms`` is as long as it is."""
    if missing := [name for name in NEEDED if name not in headers]:
        return f"lack {missing[0]}"
    for name, header in headers.items():
        per_label = name != "alarms"
        fits = header.shape == (labels,) if per_label else len(header.shape) == 1
        if not fits or header.kind not in ("uif" if per_label else "u"):
            return f"hold {name} of another kind or shape than a run's"
    return ""


class Records:
    """A folder of records. Arrays are written first and the body last, each whole or not at all.

    A file that is torn or does not carry its own key is never trusted: :meth:`all` leaves it out and says so in
    :attr:`skipped`.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.skipped: list[str] = []
        self._seen: dict[tuple[str, int, int], tuple[str, int]] = {}

    def write(self, body: Body, arrays: Mapping[str, NDArray[Any]] | None = None) -> None:
        """Keep one run. Raises ValueError where the key is not that of the identity."""
        if body["key"] != key_of(body["identity"]):
            raise ValueError("the key of a record must be key_of(identity)")
        text = canonical(body) + "\n"  # before any file is touched: refuses NaN
        if arrays:
            write_whole(self.folder / f"{body['key']}.npz", pack(arrays))
        write_whole(self.folder / f"{body['key']}.json", text.encode())

    def read(self, key: str) -> Body:
        """The body of one run. Raises KeyError where there is none that can be trusted."""
        body, fault = self._load(self.folder / f"{key}.json")
        if body is None:
            raise KeyError(fault)
        return body

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._load(self.folder / f"{key}.json")[0] is not None

    def all(self) -> list[Body]:
        """All bodies in the order of their keys."""
        found = [self._load(path) for path in sorted(self.folder.glob("*.json"))]
        self.skipped = [fault for body, fault in found if body is None]
        return [body for body, _ in found if body is not None]

    def arrays(self, key: str) -> Arrays:
        """The arrays of one run; empty where it has none."""
        path = self.folder / f"{key}.npz"
        return unpack(path) if path.exists() else {}

    def _load(self, path: Path) -> tuple[Body | None, str]:
        try:
            body = json.loads(path.read_bytes(), parse_constant=_refuse)
        except OSError:
            return None, f"{path.name}: cannot be read"
        except (ValueError, RecursionError):
            return None, f"{path.name}: not whole JSON"
        if not isinstance(body, dict) or body.get("schema") != SCHEMA:
            return None, f"{path.name}: not a record of schema {SCHEMA}"
        return self._trusted(path, body)

    def _trusted(self, path: Path, body: Body) -> tuple[Body | None, str]:
        if body.get("key") != path.stem or not isinstance(body.get("identity"), dict):
            return None, f"{path.name}: carries another key than its name"
        if key_of(body["identity"]) != path.stem:
            return None, f"{path.name}: its key is not that of its identity"
        if wrong := misshapen(body):
            return None, f"{path.name}: {wrong}"
        if body.get("test"):
            truth = self._truth_path(body.get("truth", ""))
            wrong, width = self._sound(truth)
            if wrong:
                return None, f"{path.name}: its arrays ({truth.name}) {wrong}"
            part = path.with_suffix(".npz")
            wrong, headers = inspect(part)
            if wrong := wrong or _unfit(headers, width):
                return None, f"{path.name}: its arrays ({part.name}) {wrong}"
        return body, ""

    def _sound(self, path: Path) -> tuple[str, int]:
        """What is wrong with a truth, and how many labels it has. Its name is the sum of its bytes."""
        try:
            found = path.stat()
            stamp = (path.name, found.st_mtime_ns, found.st_size)
            if stamp not in self._seen:
                named = path.name == f"truth-{hashlib.sha256(path.read_bytes()).hexdigest()[:16]}.npz"
                wrong, headers = inspect(path)
                whole = named and all(name in headers for name in OF_TRUTH) and headers["width"].shape == ()
                wrong = wrong or ("" if whole else "are not those that they are named by")
                self._seen[stamp] = (wrong, 0 if wrong else int(unpack(path)["width"]))
            return self._seen[stamp]
        except OSError:
            return "are missing or torn", 0

    def write_truth(
        self,
        indptr: NDArray[np.integer],
        indices: NDArray[np.integer],
        width: int,
        counts_train: NDArray[np.integer],
        documents_train: int,
        names: Sequence[str],
    ) -> str:
        """Keep the labels of the test documents once; gives the id that records refer to."""
        data = pack(
            {
                "indptr": np.asarray(indptr, dtype=np.int64),
                "indices": np.asarray(indices, dtype=np.int32),
                "width": np.array(width, dtype=np.int64),
                "counts_train": np.asarray(counts_train, dtype=np.int64),
                "documents_train": np.array(documents_train, dtype=np.int64),
                "names": np.array(names, dtype=np.str_),
            }
        )
        name = hashlib.sha256(data).hexdigest()[:16]
        path = self._truth_path(name)
        if fault(path):
            write_whole(path, data)
        return name

    def truth(self, name: str) -> Truth:
        """The labels that :meth:`write_truth` kept under this id."""
        a = unpack(self._truth_path(name))
        labels = Labels(a["indptr"], a["indices"], int(a["width"]))
        names = tuple(str(n) for n in a["names"])
        return Truth(labels, a["counts_train"], int(a["documents_train"]), names)

    def write_standardiser(self, sha256: str, mean: NDArray[np.float32], deviation: NDArray[np.float32]) -> None:
        """Keep once what the vectors of a frozen encoder were standardised with; records name it by its sha256."""
        path = self.folder / f"standardiser-{sha256[:16]}.npz"
        if fault(path):
            write_whole(path, pack({"mean": mean, "deviation": deviation}))

    def _truth_path(self, name: str) -> Path:
        return self.folder / f"truth-{name}.npz"
