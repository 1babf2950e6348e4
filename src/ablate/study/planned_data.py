"""The data set that a plan names, and how a written plan names it."""

from __future__ import annotations

from pathlib import Path

from ablate.data.dataset import Dataset
from ablate.data.source import load
from ablate.errors import AblateError
from ablate.study.plan import Plan


def load_planned(plan: Plan) -> Dataset:
    """The data set of a plan, from the hub at the commit that the plan names.

    Raises:
        AblateError: it is not the one that the study was planned on; see :func:`ablate.data.source.load`.
    """
    dataset = load(
        plan.data,
        text=plan.text,
        labels=plan.labels,
        label_separator=plan.label_separator,
        label_columns=plan.label_columns,
        group=plan.group,
        split_seed=plan.split_seed,
        documents=plan.documents,
        revision=plan.revisions.get(plan.data or ""),
    )
    if plan.data_sha256 and plan.data_sha256 != dataset.sha256:
        raise AblateError(
            f"data '{dataset.name}' is not what the study was planned on: its sha256 is {dataset.sha256[:12]}..., "
            f"the plan says {plan.data_sha256[:12]}...; give the same file with --data, or another --out"
        )
    return dataset


def data_name(plan: Plan) -> str | None:
    """The data set as a committed plan names it: a hub id or preset as given, a file by its name alone."""
    if plan.data is None or plan.data.startswith(("hub:", "synthetic:")):
        return plan.data
    return Path(plan.data).name


def commits(plan: Plan, dataset: Dataset) -> dict[str, str]:
    """The commits of the hub that a plan names, with that of its data."""
    return {**plan.revisions, **({plan.data: dataset.revision} if plan.data and dataset.revision else {})}
