"""A diagnosis in plain words, for 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from ablate.results.weights.noise import BATCHES, noise_cv
from ablate.results.weights.schemes import power

if TYPE_CHECKING:
    from ablate.results.weights.diagnosis import Diagnosis

WIDTH = 80
LOUD = 1.0  # predicted deviation of the loss as large as the loss itself


def report(diagnosis: Diagnosis) -> str:
    """Counts, the table of schemes, how to read it, and what to do."""
    parts = [
        "\n".join(map(_wrap, _counts(diagnosis))),
        table(diagnosis.schemes),
        _legend(diagnosis),
        _wrap(advice(diagnosis)),
    ]
    parts += [_wrap(f"Note: {note}.") for note in diagnosis.counts.notes]
    return "\n\n".join(parts) + "\n"


def _counts(diagnosis: Diagnosis) -> list[str]:
    s = diagnosis.summary
    steps = s["steps_between_positives_of_the_rarest"]
    seen = ", ".join(f"{round(steps[str(b)]):,} (batch {b:,})" for b in BATCHES)
    return [
        f"{s['documents']:,} training documents, {s['labels']:,} labels, {s['labels_per_document']:.2f} per document",
        f"positives of a label: {s['rarest']:,} to {s['most_frequent']:,}; {s['labels_under_10']:,} labels under 10",
        f"steps from one positive of the rarest label to the next: {seen}",
    ]


def table(schemes: pd.DataFrame) -> str:
    """One line per scheme."""
    head = f"{'':<22}{'weight of':>16}  {'gradient noise at batch':>23}{'effective':>10}{'alarms':>7}"
    under = f"{'weighting':<22}{'a positive':>16}{'32':>10}{'256':>8}{'2048':>7}{'positives':>10}{'at .5':>7}"
    lines = [
        f"{row['scheme']:<22}{number(row['lowest']) + ' to ' + number(row['highest']):>16}"
        f"{row['noise_32']:10.2f}{row['noise_256']:8.2f}{row['noise_2048']:7.2f}"
        f"{number(row['effective_positives']):>10}{row['alarms_per_document']:7.1f}"
        for row in schemes.to_dict(orient="records")
    ]
    return "\n".join([head, under, *lines])


def _legend(diagnosis: Diagnosis) -> str:
    found, inverse = diagnosis.summary["alarms_model_found"], diagnosis.summary["alarms_of_inverse_weights"]
    others = ", ".join(f"{number(alarms)} if {float(share):.0%}" for share, alarms in inverse.items())
    return "\n".join(
        [
            _wrap(
                "Gradient noise: predicted deviation of the batch loss from its mean, as a share of the mean. "
                "Effective positives: how many equally weighted ones would say as much."
            ),
            _wrap(
                "Alarms at .5, per document: an estimate, as counts do not say how well labels can be told. It "
                f"supposes that a label cut at equal error rates finds {found:.0%} of its cases and leaves {found:.0%} "
                f"of the other documents alone. For inverse weights: {others}."
            ),
        ]
    )


def advice(diagnosis: Diagnosis) -> str:
    """One paragraph: will inverse weights train, with which cap, batch and clipping, and what to do first."""
    s, prior = diagnosis.summary, diagnosis.counts.prior
    weights = power(1.0)(diagnosis.counts.positives.astype(float), diagnosis.counts.documents)
    noise = {batch: noise_cv(weights, prior, batch) for batch in BATCHES}
    raised = s["alarms_of_inverse_weights"][f"{s['alarms_model_found']:g}"]
    return " ".join([_will_they(noise), _cap(s["cap"], float(weights.max()), s), _first(raised, s)])


def _will_they(noise: dict[int, float]) -> str:
    loud = [batch for batch in BATCHES if noise[batch] >= LOUD]
    if not loud:
        return (
            f"Gradient noise is not what will hinder inverse weights here: at batch {BATCHES[0]} the batch loss is "
            f"predicted to vary by {noise[BATCHES[0]]:.0%} of its mean."
        )
    at = " and ".join(f"{batch:,}" for batch in loud)
    quieter = ", ".join(f"{noise[batch]:.0%} at {batch:,}" for batch in BATCHES if batch not in loud)
    return (
        f"With inverse weights the loss will go up and down: at batch {at} it is predicted to vary by more than its "
        f"own mean, by what is drawn alone ({quieter or 'errors add to it'}). A noisy loss is not yet a "
        "model that does not learn: judge by recall on validation. In small trainings with weights up to a million at "
        "batch 32, recall itself swung too, until gradients were clipped by norm, the batch was larger or Adam's "
        "beta2 was .95; a lower rate did not help."
    )


def _cap(cap: float, highest: float, summary: Mapping[str, Any]) -> str:
    if cap >= highest / 1.01:
        return "They need no cap for its sake: uncapped they are at most twice as noisy as no weights."
    return (
        f"If you weight, cap at {number(cap)}: up to there inverse weights are at most twice as noisy as no weights, "
        "the price of a batch a quarter as large. Uncapped they are as quiet as no weights at batch 32 only from "
        f"batch {number(summary['batch_as_quiet_as_32_unweighted'])} on."
    )


def _first(raised: float, summary: Mapping[str, Any]) -> str:
    times = raised / summary["labels_per_document"]
    return (
        "First, before any weights: start each label's bias at the logit of its training share, train plain "
        "cross-entropy, and choose the cuts on validation with as many alarms as there are labels (python -m ablate "
        "audit): in the limit a weight w only moves the cut from 1/2 to 1/(1+w), and inverse weights at 0.5 pay with "
        f"about {number(raised)} alarms per document, {number(times)} times the labels there are. Then measure weights "
        "against that, at equal alarms."
    )


def number(value: float) -> str:
    """A figure in at most six characters: .52, 4.1, 38, 2,345, 25k, 9.2M."""
    for size, suffix in ((1e9, "G"), (999_500, "M"), (9_999.5, "k")):
        if value >= size:
            scaled = value / {"G": 1e9, "M": 1e6, "k": 1e3}[suffix]
            return f"{scaled:.1f}{suffix}" if scaled < 9.95 else f"{scaled:,.0f}{suffix}"
    if value >= 9.95 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 1 else f"{value:.2g}"


def _wrap(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_on_hyphens=False)
