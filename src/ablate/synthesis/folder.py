"""A synthetic data set as a folder of Parquet files, written in chunks by any number of processes."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from multiprocessing import forkserver
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Any

import numpy as np

from ablate.errors import AblateError
from ablate.synthesis.card import Figures, card, readme
from ablate.synthesis.chunks import SPLITS, TAIL, Chunk, Factory, Made
from ablate.synthesis.posterior import SMALLEST, Eta
from ablate.synthesis.spec import Spec

FORMAT = 2
"""Raised when the same spec would give other bytes."""

IDENTITY, CARD, README = "synth.json", "card.json", "README.md"
FIGURES = b"ablate.figures"
TEXTS: dict[str, Any] = {"compression": "snappy", "use_dictionary": ["labels.list.element", "split", "drawn_for"]}
NUMBERS: dict[str, Any] = {
    "compression": "none",  # nearly noise, of which compression takes more time than all else
    "use_dictionary": False,
    "write_statistics": False,
    "write_batch_size": 1 << 16,
}
"""How the Parquet files are written."""

THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")


def write(spec: Spec, out: Path, workers: int = 1, told: Callable[[int, int], None] = lambda done, all_: None) -> None:
    """Write texts and posteriors, then the card; what is there from an earlier start is kept.

    ``out`` holds ``train-*.parquet``, ``validation-*`` and ``test-*`` (columns text, labels, split), which are read as
    any folder of Parquet; ``tail/`` has the documents drawn for each label (column drawn_for), ``posterior/`` a file
    for each file of texts (columns label and eta, lists, in the same order). The bytes depend on the spec alone.
    ``told`` is called with the number of finished chunks and of all. AblateError: a folder that holds something else,
    or specs that cannot be.
    """
    if workers < 1:
        raise AblateError(f"--workers is {workers}; give 1 or more")
    context = _processes()
    factory = Factory(spec)
    chunks = factory.chunks
    try:
        _claim(spec, out)
        left = [chunk for chunk in chunks if not _there(out, chunk)]
        told(len(chunks) - len(left), len(chunks))
        for done, _ in enumerate(_made(factory, left, out, workers, context), 1):
            told(len(chunks) - len(left) + done, len(chunks))
        found = [_figures(_text_file(out, chunk)) for chunk in chunks]
        values = card(factory.world, [(chunk.split, figures) for chunk, figures in zip(chunks, found, strict=True)])
        _whole(out / README, readme(values).encode())
        _whole(out / CARD, (json.dumps(values, indent=1) + "\n").encode())
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise AblateError(f"{out}: cannot be written ({reason}); check the folder and the space on its disk") from None


def _claim(spec: Spec, out: Path) -> None:
    """Make the folder this spec's, or see that it is."""
    identity = {"format": FORMAT, "name": spec.name, "spec": spec.key}
    if (out / IDENTITY).exists():
        if _identity(out) != identity:
            raise AblateError(f"{out}: holds another synthetic data set; give another --out, or delete the folder")
    elif out.is_dir() and any(out.iterdir()):
        raise AblateError(f"{out}: holds other files; give a new or empty folder as --out")
    else:
        _whole(out / IDENTITY, (json.dumps(identity) + "\n").encode())
    for old in out.rglob(".*.tmp"):
        old.unlink(missing_ok=True)


def _identity(out: Path) -> Any:
    """What the folder says it holds; None where its file is torn or was written by something else."""
    try:
        return json.loads((out / IDENTITY).read_bytes())
    except ValueError:
        return None


def _processes() -> BaseContext:
    """Processes of their own even for one worker: with one thread each, sums do not depend on the machine's load.

    They are forked from one that has imported what they need, which it does while this one prepares.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "pandas", "pyarrow.compute", "pyarrow.parquet"])
    with _one_thread():
        forkserver.ensure_running()
    return context


def _made(factory: Factory, chunks: list[Chunk], out: Path, workers: int, context: BaseContext) -> Iterator[None]:
    if not chunks:
        return
    processes = min(workers, len(chunks))
    with (
        _one_thread(),
        ProcessPoolExecutor(processes, context, initializer=_start, initargs=(factory,)) as pool,
    ):
        try:
            for files in pool.map(partial(_write, out), chunks):
                for temporary, path in files:  # on the disk before it has its name, while the others go on
                    _kept(temporary, path)
                yield
        except BrokenProcessPool:
            raise AblateError(
                f"{out}: a process that generates was killed, as happens where memory is short; "
                "start the same command again to go on, with fewer --workers"
            ) from None
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


@contextmanager
def _one_thread() -> Iterator[None]:
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


_here: list[Factory] = []


def _start(factory: Factory) -> None:
    _here.append(factory)


def _write(out: Path, chunk: Chunk) -> list[tuple[Path, Path]]:
    """Temporary files and the names that they are to have, that of the texts last."""
    factory = _here[-1]
    made = factory.make(chunk)
    eta = factory.posterior(chunk.split).eta(made.tokens)
    figures = Figures.of(chunk, made, eta)
    tables = [
        (_posterior_file(out, chunk), _posterior_table(eta), NUMBERS),
        (_text_file(out, chunk), _text_table(factory, chunk, made, figures), TEXTS),
    ]
    return [(_written(path, table, how), path) for path, table, how in tables]


def _text_table(factory: Factory, chunk: Chunk, made: Made, figures: Figures) -> Any:
    import pyarrow as pa

    names = pa.array(factory.world.names)
    columns = {
        "text": made.texts,
        "labels": pa.ListArray.from_arrays(pa.array(made.labels.indptr, pa.int32()), names.take(made.labels.indices)),
        "split": pa.array([SPLITS[chunk.split]] * chunk.size),
    }
    if made.given is not None:
        columns["drawn_for"] = names.take(pa.array(made.given))
    return pa.table(columns).replace_schema_metadata({FIGURES: json.dumps(figures.told())})


def _posterior_table(eta: Eta) -> Any:
    import pyarrow as pa

    number = pa.uint16() if eta.width <= 1 << 16 else pa.int32()
    columns = {"label": pa.array(eta.indices.astype(number.to_pandas_dtype())), "eta": pa.array(eta.values)}
    ends = pa.array(eta.indptr, pa.int32())
    lists = {name: pa.list_(pa.field("element", values.type, nullable=False)) for name, values in columns.items()}
    return pa.table(
        [pa.ListArray.from_arrays(ends, columns[name], type=kind) for name, kind in lists.items()],
        schema=pa.schema(
            [pa.field(name, kind, nullable=False) for name, kind in lists.items()], {"smallest": str(SMALLEST)}
        ),
    )


def _written(path: Path, table: Any, how: dict[str, Any]) -> Path:
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, _temporary(path), **how)
    return _temporary(path)


def _whole(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    _temporary(path).write_bytes(data)
    _kept(_temporary(path), path)


def _kept(temporary: Path, path: Path) -> None:
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(temporary, path)


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def _text_file(out: Path, chunk: Chunk) -> Path:
    return (out / "tail" if chunk.split == TAIL else out) / f"{chunk.name}.parquet"


def _posterior_file(out: Path, chunk: Chunk) -> Path:
    return out / "posterior" / f"{chunk.name}.parquet"


def _there(out: Path, chunk: Chunk) -> bool:
    return _text_file(out, chunk).exists() and _posterior_file(out, chunk).exists()


def _figures(path: Path) -> Figures:
    import pyarrow.parquet as pq

    return Figures.read(json.loads(pq.read_schema(path).metadata[FIGURES]))


def read_eta(out: Path, split: str, width: int) -> Eta:
    """The posterior of a split as written, in the order of its documents."""
    import pyarrow.parquet as pq

    paths = sorted((out / "posterior").glob(f"{split}-*.parquet"))
    if not paths:
        raise AblateError(f"{out}: no posterior of '{split}' documents; run ablate synth again")
    table = pq.read_table(paths)
    label, eta = table["label"].combine_chunks(), table["eta"].combine_chunks()
    sizes = label.value_lengths().to_numpy()
    indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return Eta(indptr, label.flatten().to_numpy().astype(np.int32), eta.flatten().to_numpy(), width)
