"""What a study is asked to do: every option, from the command line or a study file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from ablate.errors import AblateError, near

#: The design that combines no subsets: one arm whose tuning chooses a component for every factor.
SEARCH = "search"
#: All strategies there are.
ALL = "all"


class Plan(BaseModel):
    """The options of a study; each is a key of the study file and an option of the command line.

    What is None is settled when the study starts, printed with the reason, and written to the output folder.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)

    name: str | None = Field(None, description="name of the study (default: data set and backbone)")
    data: str | None = Field(None, description="file, folder, hub:owner/name[:config] or synthetic:PRESET")
    data_sha256: str | None = Field(None, description="refuse any other data")
    text: str = Field("text", description="column of the texts")
    labels: str = Field("labels", description="column of the labels")
    label_separator: str | None = Field(None, description="what separates labels in one cell")
    label_columns: list[str] | None = Field(None, description="0/1 columns, one per label; * for all others")
    group: str | None = Field(None, description="column whose values stay in one split (threads, users)")
    documents: int | None = Field(None, ge=50, description="use a subset of this size that keeps the tail")
    split_seed: int = Field(0, ge=0, description="seed of the splits that the data do not give")
    backbone: str | None = Field(None, description="bag, minilm, tiny-bert, tiny-roberta, a hub id or a folder")
    base: Literal["full", "head-only", "last-layers"] | None = Field(None, description="layers that every arm trains")
    strategies: list[str] | None = Field(None, description="strategies to compare, or all")
    parts: list[str] | None = Field(None, description="strategies to combine, instead of --strategies")
    design: str = Field("add-one-in", description="how parts are combined")
    trials: int | None = Field(None, ge=1, description="tuning trials of each arm")
    seeds: int | None = Field(None, ge=1, description="fresh seeds of each arm's selected configuration")
    defaults: bool = Field(False, description="confirm each arm's untuned configuration on the fresh seeds too")
    steps: int | None = Field(None, ge=25, description="training steps of every run")
    batch_size: int | None = Field(None, ge=1, description="documents of a batch")
    max_length: int | None = Field(None, ge=4, le=8192, description="longest document in tokens")
    micro_floor: float | None = Field(None, ge=0, le=1, description="lowest micro recall of a ranked row")
    precision: Literal["fp32", "bf16"] | None = Field(
        None, description="of matrix products (bf16 where the processor multiplies it)"
    )
    rho: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="alarms as a multiple of the labels per document"
    )
    alarms_per_document: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="alarms per document, instead of --rho"
    )
    hours: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="fit steps, trials and seeds to a time budget"
    )
    workers: int | None = Field(None, ge=0, le=256, description="processes that make runs side by side")
    storage: SecretStr | None = Field(None, description="PostgreSQL by which several machines share the study")
    grace: float = Field(60.0, ge=1, le=86_400, description="seconds without a heartbeat of a worker that is dead")
    engine: Literal["local", "ray"] = Field("local", description="who places the workers of a shared study")
    address: str | None = Field(None, description="address of a Ray cluster; auto finds this machine's")
    failed: bool = Field(False, description="make the runs again that have failed, and no others")
    threads: int | None = Field(None, ge=1, description="threads of the CPU, of each worker")
    device: str | None = Field(None, description="cpu, cuda or cuda:N")
    cache: str | None = Field(None, description="folder of tokens and features")
    cache_gb: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="most disk space of encoder vectors (default: a fifth of the free)"
    )
    micro_batch_tokens: int | None = Field(
        None, ge=1, description="most tokens the encoder reads at once; the loss still sees the whole batch"
    )
    checkpointing: bool = Field(False, description="compute layers again in the backward pass, to save memory")
    compile: bool = Field(False, description="fuse layers with torch.compile (CUDA)")
    keep_weights: bool = Field(False, description="keep the weights of the confirming runs")
    out: str | None = Field(None, description="output folder")
    plugin: list[str] = Field(default_factory=list, description="Python file with more strategies")
    revisions: dict[str, str] = Field(
        default_factory=dict, description="commits of the hub, by hub:owner/name of data and name of backbone"
    )
    set: dict[str, float | int | str | bool] = Field(default_factory=dict, description="fix a parameter")
    quiet: bool = Field(False, description="print the board alone")
    dry_run: bool = Field(False, description="print what would run and how long it would take")


#: Options that say where and how to run, not what: they are no part of a committed plan.
PLACES = (
    "out",
    "cache",
    "cache_gb",
    "quiet",
    "dry_run",
    "device",
    "micro_batch_tokens",
    "checkpointing",
    "compile",
    "workers",
    "hours",
    "storage",
    "grace",
    "engine",
    "address",
    "failed",
)


def make(values: Mapping[str, Any], where: str = "the plan") -> Plan:
    """A plan from keys and values.

    Raises:
        AblateError: an unknown key (with the near match), a value of the wrong kind, options that exclude each other.
    """
    try:
        plan = Plan.model_validate(dict(values))
    except ValidationError as error:
        raise AblateError(_explain(error, where)) from error
    for one, other in (("strategies", "parts"), ("rho", "alarms_per_document"), ("labels", "label_columns")):
        if _given(values, one) and _given(values, other):
            raise AblateError(f"{where}: {one} and {other} exclude each other; give one of them")
    if plan.workers == 0 and plan.storage is None:
        raise AblateError(f"{where}: workers 0 leaves the runs to workers elsewhere; give --storage, or 1 or more")
    if plan.engine == "ray" and plan.storage is None:
        raise AblateError(f"{where}: Ray places workers of a study that they share; give --storage with --engine ray")
    if plan.address and plan.engine != "ray":
        raise AblateError(f"{where}: address is that of a Ray cluster; give --engine ray with it")
    if plan.keep_weights and plan.storage is not None:
        raise AblateError(f"{where}: keep_weights: weights do not travel through --storage; leave out one of them")
    if plan.design != "add-one-in" and not plan.parts:
        some = "a,b,c or --parts all" if plan.design == SEARCH else "a,b,c"
        raise AblateError(f"{where}: design '{plan.design}' combines parts; give --parts {some}")
    for name, commit in plan.revisions.items():
        if re.fullmatch("[0-9a-f]{40}", commit) is None:
            raise AblateError(f"{where}: revisions: {commit!r} of {name} is no commit; give its 40 hexadecimal digits")
    return plan


def _given(values: Mapping[str, Any], key: str) -> bool:
    return values.get(key) is not None


def _explain(error: ValidationError, where: str) -> str:
    first = error.errors()[0]
    path = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"{where}: unknown key '{path}'{near(path, list(Plan.model_fields))}"
    found = "" if path.startswith("storage") else f", not {first['input']!r}"  # it may hold a password
    return f"{where}: {path}: {first['msg'][0].lower()}{first['msg'][1:]}{found}"
