"""``ablate data`` and ``ablate doctor``: what is there, before anything is run."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.console import Console

from ablate.data.describe import describe, lines
from ablate.data.source import load
from ablate.encoders.sources import available

WEIGHTS = ("minilm", "mpnet", "bert-base-uncased", "roberta-base")
PACKAGES = ("ablate", "torch", "transformers", "optuna", "numpy", "pandas", "scikit-learn", "datasets", "pyarrow")


def describe_data(
    source: str,
    text: str,
    labels: str,
    label_separator: str | None,
    label_columns: str | None,
    group: str | None,
    split_seed: int,
    documents: int | None,
    max_length: int | None,
    backbone: str | None,
) -> None:
    """Print the description of a data set; with a backbone or a length, the share that is cut too."""
    columns = [c.strip() for c in label_columns.split(",")] if label_columns else None
    dataset = load(
        source,
        text=text,
        labels=labels,
        label_separator=label_separator,
        label_columns=columns,
        group=group,
        split_seed=split_seed,
        documents=documents,
    )
    lengths = None
    if backbone or max_length:
        from ablate.components.backbone import backbone as backbone_of
        from ablate.study.ready import default_cache
        from ablate.train.prepared import prepare

        name = backbone or ("minilm" if available("minilm") else "bag")
        prepared = prepare(dataset, backbone_of(name), max_length, default_cache())
        lengths, max_length = prepared.lengths, prepared.max_length
    console = Console()
    for line in lines(describe(dataset, lengths, max_length)):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def examine_machine() -> None:
    """Print device, precision, threads, weights, versions and cache."""
    from ablate.study.ready import default_cache
    from ablate.train import device as devices

    device = devices.choose()
    cache = default_cache()
    console = Console()
    rows = [
        ("device", f"{device.type}: {devices.processor(device)}"),
        ("precision", devices.precision(device)),
        ("threads", f"{devices.threads()} of {devices.cores()} cores"),
        ("python", platform.python_version()),
        *((name, _version(name)) for name in PACKAGES),
        *((f"weights {name}", "found" if available(name) else "not here") for name in WEIGHTS),
        ("cache", f"{cache} ({_bytes(cache) / 1e6:,.0f} MB)"),
    ]
    for name, value in rows:
        console.print(f"{name:<26} {value}", markup=False, highlight=False, soft_wrap=True)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
