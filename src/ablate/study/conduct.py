"""``study(...)``: the whole way, for the command line and for Python."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from ablate.errors import AblateError
from ablate.results.folder import Read
from ablate.results.outputs import write_boards
from ablate.results.record import Body, Records
from ablate.study import resolve, spread
from ablate.study.division import Place, told
from ablate.study.driver import Driver
from ablate.study.engine import Engine, Here
from ablate.study.importances import keep_importances
from ablate.study.launched import launched
from ablate.study.lock import lock
from ablate.study.plan import Plan
from ablate.study.progress import Progress
from ablate.study.ready import Ready, prepare
from ablate.study.retry import failed_of
from ablate.study.schedule import Schedule
from ablate.study.storage import Storage
from ablate.study.view import View, duration
from ablate.study.workbench import Workbench
from ablate.study.workers import Workers
from ablate.train.ranks import ALONE, Ranks

if TYPE_CHECKING:
    from ablate.study.cluster.join import Joined


def study(plan: Plan, view: View | None = None) -> dict[str, Any]:
    """Run what is missing of a study and give its board (see ``leaderboard.json``).

    Raises:
        AblateError: anything that the user can mend; nothing finished is ever lost.
    """
    return complete(plan, view or View()).board


def complete(plan: Plan, view: View, ranks: Ranks | None = None) -> Read:
    """As :func:`study`, and give all that the output folder says then; ``ranks`` make each of its runs together."""
    if ranks is None and launched():
        raise AblateError(
            "WORLD_SIZE says that several processes were started to make each run together, which only the command "
            "line can do; start torchrun --nproc-per-node N -m ablate study ..., or unset WORLD_SIZE"
        )
    if plan.storage is None:
        return _study(prepare(plan, view), None, view, ranks or ALONE)
    from ablate.study.cluster.database import Database
    from ablate.study.cluster.exposed import exposed
    from ablate.study.cluster.join import Joined, adopt, url_of

    url = url_of(plan)
    if shown := exposed(url):
        view.warn(shown)
    with closing(Database(url, view.say)) as database:
        adopt(plan, database)
        ready = prepare(plan, view)
        return _study(ready, Joined(ready, database), view, ALONE)


def _study(ready: Ready, joined: Joined | None, view: View, ranks: Ranks) -> Read:
    with lock(ready.out):
        resolve.write(ready.plan, ready.settled, ready.out)
        truth = _truth(ready) if joined is None else joined.truth(lambda: _truth(ready))
        workbench = ready.workbench(truth, ranks)
        workbench.keep_standardisers()
        resolve.write(ready.plan, ready.settled, ready.out)  # with the commits of all models, which are loaded by now
        if ranks.size > 1:
            spread.open_study(ready, workbench, view)
        schedule = schedule_of(ready, workbench)
        if joined is not None:
            joined.exchange(workbench, schedule)
        bodies = _bodies(workbench.records, view)  # none counts without its truth
        asked = schedule
        if ready.plan.failed:
            asked = _again(schedule, workbench.records, bodies, joined, view)
        _make(ready, joined, asked, workbench, bodies, view)
        if joined is not None:
            joined.count(schedule.total(bodies))
        keep_importances(ready.out, schedule, bodies)
        return write_boards(ready.out)


def _make(
    ready: Ready,
    joined: Joined | None,
    schedule: Schedule,
    workbench: Workbench,
    bodies: dict[str, Body],
    view: View,
) -> None:
    engine = _engine(ready, joined, workbench, _missing(schedule, bodies), view)
    with closing(Storage(ready.out / "study.db")) as storage:
        Driver(schedule, workbench, bodies, storage, view, Progress(ready.out, len(ready.places))).run(engine)


def _again(
    schedule: Schedule, records: Records, bodies: dict[str, Body], joined: Joined | None, view: View
) -> Schedule:
    """Set the failed runs aside; gives the schedule of them alone, with workers elsewhere of all that is missing."""
    failed = failed_of(schedule, bodies)
    view.say(f"failed: {len(failed.tasks)} runs are made again" if failed.tasks else "failed: no run has failed")
    failed.set_aside(records)
    if joined is not None:
        joined.forget(failed.keys)
    for key in failed.keys:
        del bodies[key]
    return failed.schedule if joined is None else schedule


def schedule_of(ready: Ready, workbench: Workbench) -> Schedule:
    """The runs of a study."""
    size = ready.size
    return Schedule(
        tuple(ready.arms), size.trials, size.seeds, workbench.key, workbench.controls(), ready.plan.defaults
    )


def dry_run(plan: Plan, view: View) -> list[str]:
    """What would run: arms, trials, runs, steps, and an estimate from a timing probe. Nothing is written."""
    ready = prepare(plan, view)
    measured, steps = ready.measured(), ready.size.steps
    seconds = measured.cost.seconds(steps)
    parameters = [f"{arm.name} ({arm.listing})" for arm in ready.arms]
    return [
        f"arms: {len(ready.arms)}",
        *(f"  {line}" for line in parameters),
        f"runs: {ready.runs}, of {steps} steps each ({ready.runs * steps:,} steps)",
        f"workers: {told(ready.places)}",
        f"speed: {measured.told} (one worker)",
        f"estimate: {seconds:.1f} s a run, {duration(ready.runs * seconds / len(ready.places))} in all"
        " (the baseline's cost for every arm; pruning makes it less)",
        f"output folder: {ready.out}",
    ]


def _engine(ready: Ready, joined: Joined | None, workbench: Workbench, missing: int, view: View) -> Engine:
    """Where the runs are made: in other processes where that was asked for or is worth their start."""
    worth = missing * ready.size.steps * ready.settings.batch_size >= ready.kind.pays
    places = _needed(ready, missing, worth)
    if worth and not ready.plan.quiet:
        measured = ready.measured()
        seconds = measured.cost.seconds(ready.size.steps)
        view.expect(seconds)
        view.say(f"speed: {measured.told}; about {duration(missing * seconds / len(places))} for {missing} runs")
    if joined is not None:
        return joined.engine(workbench, places if ready.plan.workers != 0 else (), view)
    if len(places) == 1:
        return Here(workbench, view)
    view.say(f"workers: {told(places)}")
    return Workers(workbench, ready.plan, places, view)


def _needed(ready: Ready, missing: int, worth: bool) -> tuple[Place, ...]:
    if ready.plan.workers is None and not worth:
        return ready.places[:1]
    return ready.places[: max(1, missing)]


def _missing(schedule: Schedule, bodies: dict[str, Body]) -> int:
    return max(0, schedule.total(bodies) - sum(task.key in bodies for task in schedule.known(bodies)))


def _bodies(records: Records, view: View) -> dict[str, Body]:
    bodies = {body["key"]: body for body in records.all()}
    for message in records.skipped:
        view.say(f"records: {message} is left out")
    return bodies


def _truth(ready: Ready) -> str:
    """Keep the labels of the test documents; gives their id."""
    prepared = ready.settings.prepared(ready.arms[0].strategy.backbone)
    test, train = prepared.labels["test"], prepared.labels["train"]
    names = prepared.dataset.names
    records = Records(ready.out / "records")
    return records.write_truth(test.indptr, test.indices, test.width, train.counts(), len(train), names)
