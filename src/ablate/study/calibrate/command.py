"""``ablate calibrate``: search, confirm, and write down what was reached."""

from __future__ import annotations

import json
import math
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ablate.errors import AblateError
from ablate.results.whole import write_whole
from ablate.study.calibrate.bisection import Pair, nearest, search
from ablate.study.calibrate.journal import Journal
from ablate.study.calibrate.levers import LEVEL, Lever, laid, spread
from ablate.study.calibrate.training import STRATEGIES, Job, Native, oracle, shape, train
from ablate.synthesis.calibrated import card_path, settled
from ablate.synthesis.presets import place, resolve
from ablate.synthesis.spec import Spec

TOLERANCE = 0.01
"""How near the search comes to both targets on its one seed."""

NEAR = 0.02
"""What counts as reached: the mean over the confirming seeds, in micro and in macro recall."""

SEARCHING, BASELINE = 0, "baseline"
"""The search's seed; confirming seeds come after it, so that no figure of the card is one that was searched for."""


@dataclass(frozen=True)
class Order:
    """What was asked for; ``micro`` and ``macro`` in per cent."""

    name: str
    micro: float
    macro: float
    documents: int | None
    spread: str
    seeds: int
    trainings: int
    steps: int
    workers: int
    out: Path | None

    def __post_init__(self) -> None:
        for option in ("micro", "macro"):
            if not 0 < getattr(self, option) < 100:
                raise AblateError(f"--{option} is {getattr(self, option):g}; give a per cent between 0 and 100")
        for option in ("seeds", "trainings", "steps", "workers"):
            if getattr(self, option) < 1:
                raise AblateError(f"--{option} is {getattr(self, option)}; give 1 or more")
        if self.documents is not None and self.out is None:
            raise AblateError(f"--documents makes another size than {self.name} has; give --out FILE for its card")

    @property
    def targets(self) -> Pair:
        """As shares."""
        return self.micro / 100, self.macro / 100

    @property
    def card(self) -> Path:
        """Where the card goes."""
        return self.out or card_path(self.name)

    @property
    def journal(self) -> Path:
        """Where finished trainings are kept until the card is written."""
        return self.card.with_name(self.card.name.removesuffix(".json").removesuffix(".card") + ".trainings.json")

    @property
    def command(self) -> str:
        """The command line that gives the same card, but for where it goes."""
        name = Path(self.name).name if self.name.endswith(".toml") else self.name
        told = f"python -m ablate calibrate {name} --micro {self.micro:g} --macro {self.macro:g} --spread {self.spread}"
        scaled = "" if self.documents is None else f" --documents {self.documents}"
        return f"{told} --seeds {self.seeds} --trainings {self.trainings} --steps {self.steps}{scaled}"


def run(order: Order) -> dict[str, Any]:
    """Calibrate, write the card and, without ``--out``, the spec's file; gives the card.

    AblateError: what is no spec, a spec without tail documents, a folder that cannot be written.
    """
    spec = resolve(order.name).scaled(order.documents)
    if spec.documents.tail == 0:
        raise AblateError(f"{spec.name}: documents.tail is 0 and macro recall is measured on these; give it 1 or more")
    if not os.access(order.card.absolute().parent, os.W_OK):
        raise AblateError(f"{order.card.absolute().parent}: cannot be written; make the folder or give another --out")
    levers = (LEVEL.within(spec), spread(order.spread).within(spec))
    try:
        return _Calibration(order, spec, levers, Journal(order.journal)).run()
    except OSError as error:
        raise AblateError(f"{error.filename or order.card}: {error.strerror}; check the folder and its disk") from None


class _Calibration:
    def __init__(self, order: Order, spec: Spec, levers: tuple[Lever, Lever], journal: Journal) -> None:
        self._order, self._spec, self._levers, self._journal = order, spec, levers, journal
        self._tried = 0

    def run(self) -> dict[str, Any]:
        order = self._order
        start = tuple(lever.place(lever.read(self._spec)) for lever in self._levers)
        tried = search(self._measure, (start[0], start[1]), order.targets, TOLERANCE, order.trainings)
        values = self._values(nearest(tried, order.targets).at)
        chosen = laid(self._spec, self._levers, values)
        found = self._confirmed(chosen)
        card = self._card(chosen, values, found, len(tried))
        write_whole(order.card, (json.dumps(card, indent=1) + "\n").encode())
        if order.out is None:
            path, size = place(order.name)
            text = settled(path.read_text("utf-8"), size, card["spec"], order.card.name)
            write_whole(path, text.encode())
        self._journal.forget()
        self._say_what_is_reached(card)
        return card

    def _values(self, at: Pair) -> tuple[float, ...]:
        return tuple(lever.value(place) for lever, place in zip(self._levers, at, strict=True))

    def _measure(self, at: Pair) -> Pair:
        values = self._values(at)
        job = Job(laid(self._spec, self._levers, values), BASELINE, SEARCHING, self._order.steps)
        native = next(self._trained([job], 1))
        self._tried += 1
        stood = ", ".join(f"{lever.path} {value:g}" for lever, value in zip(self._levers, values, strict=True))
        print(f"search {self._tried}: {stood}: {_told(native)}", flush=True)
        return native.micro, native.macro

    def _confirmed(self, spec: Spec) -> dict[str, list[Native]]:
        """Figures of each strategy, by seed."""
        seeds = range(SEARCHING + 1, SEARCHING + 1 + self._order.seeds)
        jobs = [Job(spec, strategy, seed, self._order.steps) for strategy in STRATEGIES for seed in seeds]
        found: dict[str, list[Native]] = {strategy: [] for strategy in STRATEGIES}
        for job, native in zip(jobs, self._trained(jobs, self._order.workers), strict=True):
            print(f"confirm {job.strategy}, seed {job.seed}: {_told(native)}", flush=True)
            found[job.strategy].append(native)
        return found

    def _trained(self, jobs: Sequence[Job], workers: int) -> Iterator[Native]:
        """Figures of the trainings in their order, each kept as soon as it is known."""
        left = [job for job in jobs if self._journal.get(job) is None]
        fresh = map(train, left) if min(workers, len(left)) < 2 else _in_processes(left, workers)
        for job in jobs:
            native = self._journal.get(job)
            if native is None:
                native = next(fresh)
                self._journal.add(job, native)
            yield native

    def _card(
        self, spec: Spec, values: Sequence[float], found: dict[str, list[Native]], searched: int
    ) -> dict[str, Any]:
        order, rows = self._order, {name: _row(natives) for name, natives in found.items()}
        micro, macro = order.targets
        settings = shape(spec, order.steps)
        missed = max(abs(rows[BASELINE]["micro"] - micro), abs(rows[BASELINE]["macro"] - macro))
        return {
            "name": spec.name,
            "spec_sha256": spec.key,
            "documents": settings.pop("documents"),
            "target": {"micro": micro, "macro": macro},
            "reached": bool(missed <= NEAR),
            **rows.pop(BASELINE),
            **{name.replace("-", "_"): row for name, row in rows.items()},
            "oracle_at_half": oracle(spec).told(),
            "spec": dict(zip((lever.path for lever in self._levers), values, strict=True)),
            "settings": {"strategy": BASELINE, **settings, "searched": searched, "tolerance": TOLERANCE},
            "measured_on": {
                "micro": "test documents",
                "macro": "documents drawn for each label",
                "macro_iid": "test documents, labels with a positive there",
            },
            "command": order.command,
        }

    def _say_what_is_reached(self, card: dict[str, Any]) -> None:
        order, asked, perfect = self._order, card["as_asked"], card["oracle_at_half"]
        verdict = "reached" if card["reached"] else f"not reached within {100 * NEAR:g} points"
        target = f"micro {order.micro:g}, macro {order.macro:g}"
        print(f"{target} {verdict}: baseline {_brief(card)}, mean of {order.seeds}")
        print(f"as asked (zero bias) {_brief(asked)}; exact posterior {_brief(perfect)}")
        print(f"card: {order.card}" + ("" if order.out else f"; scalars: {place(order.name)[0]}"))


def _in_processes(jobs: Sequence[Job], workers: int) -> Iterator[Native]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(jobs)), context) as pool:
        try:
            yield from pool.map(train, jobs)
        except BrokenProcessPool:
            raise AblateError(
                "a training's process was killed, as happens where memory is short; "
                "start the same command again to go on, with fewer --workers"
            ) from None
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _row(natives: Sequence[Native]) -> dict[str, Any]:
    """Means over seeds, then each seed's figures."""
    columns = {name: [getattr(native, name) for native in natives] for name in asdict(natives[0])}
    means = {name: round(math.fsum(values) / len(values), 4) for name, values in columns.items()}
    per_seed = [{"seed": SEARCHING + 1 + i, **native.told()} for i, native in enumerate(natives)]
    return {**means, "per_seed": per_seed}


def _told(native: Native) -> str:
    return f"{_brief(asdict(native))} at {native.alarms_per_document:.2f} alarms a document"


def _brief(figures: dict[str, Any]) -> str:
    return f"micro {figures['micro']:.1%}, macro {figures['macro']:.1%}"
