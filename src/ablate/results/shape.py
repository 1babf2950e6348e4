"""What a record's body has to look like before anything is read from it: kinds and limits of its values.

A record comes from a disk, a colleague or a database; a value of another kind than this would otherwise end in a
traceback in whatever reads it first. Fields that are not named here are let through, but for the figures of the test
documents, which are averaged over runs key by key.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

Count = Annotated[int, Field(ge=0, lt=2**63)]
Seconds = Annotated[float, Field(ge=0)]
Number = float | None
Table = dict[str, Any]

STRICT = ConfigDict(strict=True, allow_inf_nan=False)
CLOSED = ConfigDict(strict=True, allow_inf_nan=False, extra="forbid")


@with_config(CLOSED)
class Figures(TypedDict, total=False):
    """Figures at one rule."""

    macro_recall: Number
    micro_recall: Number
    macro_f1: Number
    micro_f1: Number
    precision: Number
    micro_precision: Number
    alarms_per_document: Number


@with_config(CLOSED)
class Bucket(TypedDict, total=False):
    """Figures of the labels of one range of training positives."""

    labels: Count
    test_positives: Count
    alarms: Count
    macro_recall: Number
    pooled_recall: Number
    precision: Number


@with_config(CLOSED)
class Drawn(TypedDict, total=False):
    """Figures on documents that were drawn given each label."""

    at_budget: Figures
    at_one_cut: Figures
    at_half: Figures
    buckets: dict[str, Number]
    documents_per_label: Count


@with_config(CLOSED)
class Test(TypedDict, total=False):
    """Figures on the test documents."""

    at_budget: Figures
    at_one_cut: Figures
    as_deployed: Figures
    at_half: Figures
    at_multiples: dict[str, Figures]
    buckets: dict[str, Bucket]
    drawn: Drawn
    frontier: list[dict[str, Number]]
    dead_labels: Number
    macro_ap: Number
    macro_recall_5_plus: Number
    labels: Count
    labels_5_plus: Count
    labels_with_1_2_test_positives: Count
    labels_without_test_positive: Count


@with_config(STRICT)
class Validation(TypedDict, total=False):
    """The rule that was fitted on validation, and its figures there."""

    at_one_cut: Figures
    balanced_recall: Number
    macro_recall: Number
    micro_recall: Number
    cut: Number
    tau: Number
    scale: Number


@with_config(STRICT)
class GradientNorm(TypedDict, total=False):
    """Quantiles of the norm of the gradient."""

    p50: Number
    p99: Number
    ratio: Number


@with_config(STRICT)
class Stability(TypedDict, total=False):
    """How training went."""

    verdict: str
    reason: str
    worst_dip: Number
    spikes: Number
    late_drift: Number
    backtracking: Number
    loss_backtracking: Number
    loss_cv: Number
    gain: Number
    drop: Number
    stages: Count
    gradient_norm: GradientNorm


@with_config(STRICT)
class Curve(TypedDict, total=False):
    """The learning curve: as many values in each column as there are steps."""

    steps: list[Count]
    loss: list[Number]
    macro: list[Number]
    micro: list[Number]
    balanced: list[Number]


@with_config(STRICT)
class Measured(TypedDict, total=False):
    """What a clock and the operating system measured."""

    seconds: Seconds | None
    training_seconds: Seconds | None
    documents_per_second: Seconds | None
    peak_memory_bytes: Count | None


@with_config(STRICT)
class Dataset(TypedDict, total=False):
    """The data that the run was made on."""

    name: str
    sha256: str
    documents: Count
    labels: Count
    train_documents: Count
    validation_documents: Count
    test_documents: Count
    untrained_labels: Count
    truncated_share: Number


@with_config(STRICT)
class Trunk(TypedDict, total=False):
    """The encoder: its name, and the sum of its weights or what stands for it."""

    name: str
    weights_sha256: str


@with_config(STRICT)
class Identity(TypedDict):
    """What determines the run."""

    phase: Literal["tune", "confirm"]
    seed: Count
    strategy: Table
    alarms_per_document: NotRequired[Annotated[float, Field(gt=0)]]
    backbone: NotRequired[Trunk]
    batch_size: NotRequired[Annotated[int, Field(ge=1, lt=2**63)]]
    steps: NotRequired[Count]
    max_length: NotRequired[Count | None]
    precision: NotRequired[str]
    device: NotRequired[str]
    data_sha256: NotRequired[str]
    content_sha256: NotRequired[str]
    split_seed: NotRequired[int]


@with_config(STRICT)
class Shape(TypedDict):
    """A body; a run that failed or was pruned leaves out what it never reached."""

    arm: str
    kind: Literal["strategy", "control", "ceiling"]
    status: Literal["finished", "pruned", "failed"]
    identity: Identity
    reason: NotRequired[str]
    part: NotRequired[str | None]
    identity_of: NotRequired[str | None]
    trial: NotRequired[Count | None]
    truth: NotRequired[Annotated[str, Field(pattern=r"^[0-9a-z-]{0,64}$")]]
    parameters: NotRequired[dict[str, bool | int | float | str | None]]
    notes: NotRequired[list[str] | None]
    tags: NotRequired[list[str] | None]
    design: NotRequired[Table]
    validation: NotRequired[Validation]
    test: NotRequired[Test | None]
    decisions: NotRequired[dict[str, Figures]]
    stability: NotRequired[Stability | None]
    curve: NotRequired[Curve | None]
    measured: NotRequired[Measured | None]
    dataset: NotRequired[Dataset]
    environment: NotRequired[Table]
    drawn_positives: NotRequired[dict[str, Number] | None]


_SHAPE: TypeAdapter[Shape] = TypeAdapter(Shape)


def misshapen(body: dict[str, Any]) -> str:
    """The first value of another kind than a record has, and where it stands; empty where there is none."""
    try:
        _SHAPE.validate_python(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        return f"{where}: {first['msg'][0].lower()}{first['msg'][1:]}"
    except RecursionError:
        return "nested too deeply"
    curve = body.get("curve") or {}
    steps = len(curve.get("steps", []))
    if uneven := [name for name, values in curve.items() if isinstance(values, list) and len(values) not in (0, steps)]:
        return f"curve.{uneven[0]}: {len(curve[uneven[0]])} values at {steps} steps"
    return "" if body["status"] != "finished" else _unfinished(body)


def _unfinished(body: dict[str, Any]) -> str:
    """What a finished run lacks: figures on the documents that its phase is judged on."""
    if body["kind"] == "strategy" and body["identity"]["phase"] == "tune":
        return ""
    test = body.get("test")
    if not test:
        return ""
    figures = test.get("at_budget") or {}
    missing = [name for name in ("macro_recall", "micro_recall") if figures.get(name) is None]
    return f"test.at_budget.{missing[0]}: is not there" if missing else ""
