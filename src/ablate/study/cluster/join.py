"""How a driver joins its output folder to a study in a database: both end up with all runs of either."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ablate.errors import AblateError
from ablate.results.record import Records
from ablate.results.whole import write_whole
from ablate.study import resolve
from ablate.study.beside import folder_of
from ablate.study.cluster.crew import LocalCrew, Opening
from ablate.study.cluster.database import Database
from ablate.study.cluster.engine import Cluster
from ablate.study.cluster.exposed import REMEDY, exposed
from ablate.study.cluster.leases import Leases
from ablate.study.cluster.ray_crew import RayCrew
from ablate.study.cluster.shared import Published, SharedStudy
from ablate.study.division import Place
from ablate.study.lock import lock
from ablate.study.plan import Plan
from ablate.study.ready import Ready
from ablate.study.schedule import Schedule
from ablate.study.view import View
from ablate.study.workbench import Workbench

#: Options that a worker on the driver's machine takes over: where things are, and how runs are computed.
OWN = ("data", "plugin", "cache", "cache_gb", "micro_batch_tokens", "checkpointing", "compile")


def adopt(plan: Plan, database: Database) -> None:
    """Start the output folder, where it holds no study, from the one of its name in the database."""
    if not plan.name and not plan.out:
        return  # the name will be that of data and backbone
    out = Path(plan.out) if plan.out else folder_of(str(plan.name))
    if (out / resolve.FILE).exists():
        return
    found = SharedStudy(database, plan.name or out.name).find()
    if found is not None:
        with lock(out):
            write_whole(out / resolve.FILE, found.plan.encode())


class Joined:
    """An output folder and its study in the database."""

    def __init__(self, ready: Ready, database: Database) -> None:
        self._ready = ready
        self._shared = SharedStudy(database, str(ready.settled["name"]))
        self._folder = ready.out / "records"

    def truth(self, own: Callable[[], str]) -> str:
        """The id of the test labels: the database's where it has one, since another machine packs other bytes."""
        earlier = self._shared.find()
        if earlier is None:
            return own()
        self._shared.fetch_files(self._folder)
        return earlier.truth

    def exchange(self, workbench: Workbench, schedule: Schedule) -> None:
        """Publish the study, then give and take what records the other side lacks.

        Raises:
            AblateError: the database holds another study of this name.
        """
        plan = (self._ready.out / resolve.FILE).read_text("utf-8")
        identities, truth = workbench.identities(), workbench.truth
        grace, steps = self._ready.plan.grace, workbench.settings.steps
        self._shared.publish(Published(plan, identities, truth, schedule.total(), steps, grace))
        self._shared.put_files(self._folder)
        here = {body["key"] for body in Records(self._folder).all()}
        there = self._shared.holders().keys()
        self._shared.put_back(sorted(here - there), self._folder)
        for key in sorted(there - here):
            self._shared.fetch(key, self._folder)

    def count(self, runs: int) -> None:
        """Tell the number of runs, which is known for certain once all are made."""
        self._shared.count(runs)

    def forget(self, keys: list[str]) -> None:
        """Let these runs be made again."""
        self._shared.remove(keys)

    def engine(self, workbench: Workbench, places: tuple[Place, ...], view: View) -> Cluster:
        """Workers at these places, of this machine or of a Ray cluster, beside any elsewhere."""
        plan = self._ready.plan
        if not places:
            view.say(f"workers: those that are started with: python -m ablate worker --storage URL --study {self.name}")
        openings = [Opening(self._order(place), place.threads, place.device) for place in places]
        leases = Leases(self._shared, plan.grace)
        if plan.engine == "ray" and exposed(url_of(plan)):
            raise AblateError(f"Ray shows the command line, and the password in it, in its dashboard; {REMEDY}")
        crew = RayCrew(openings, plan.address) if plan.engine == "ray" else LocalCrew(openings, leases, view)
        return Cluster(workbench, self._shared, leases, crew, view)

    @property
    def name(self) -> str:
        """The study's name in the database."""
        return self._shared.name

    def _order(self, place: Place) -> dict[str, Any]:
        plan = self._ready.plan
        own = {key: getattr(plan, key) for key in OWN if getattr(plan, key)}
        if plan.backbone and Path(plan.backbone).is_dir():
            own["backbone"] = plan.backbone
        own |= {"device": place.device, "threads": place.threads}
        return {"storage": url_of(plan), "study": self.name, "own": own}


def url_of(plan: Plan) -> str:
    """The URL of the database, password included: for connecting alone."""
    if plan.storage is None:
        raise AblateError("there is no --storage")
    return plan.storage.get_secret_value()
