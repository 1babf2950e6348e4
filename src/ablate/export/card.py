"""The model card: what was trained, on what, how well, and how to use it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ablate.export.classifier import LOG_SOFTMAX

FIGURES = (
    ("macro recall at budget", "macro_recall_at_budget", "at_budget", "macro_recall"),
    ("micro recall at budget", "micro_recall_at_budget", "at_budget", "micro_recall"),
)
DEPLOYED = (
    ("macro recall", "macro_recall"),
    ("micro recall", "micro_recall"),
    ("precision", "precision"),
    ("alarms per document", "alarms_per_document"),
)


def card(told: Mapping[str, Any], row: Mapping[str, Any], board: Mapping[str, Any], test: Mapping[str, Any]) -> str:
    """The README of a model.

    ``told`` is what the model says of itself, ``row`` the row of its strategy on ``board``, ``test`` the test figures
    of the exported weights.
    """
    return "\n\n".join([_front(told), _data(told), _figures(told, row, board, test), _rule(told), use(told)]) + "\n"


def _front(told: Mapping[str, Any]) -> str:
    shared = ["library_name: transformers", "pipeline_tag: text-classification"] if not told["no_class"] else []
    head = "\n".join(["---", *shared, "tags: [multilabel, ablate]", "---"])
    parameters = "\n".join(f"- `{name}` = {value}" for name, value in told["parameters"].items()) or "- none"
    return (
        f"{head}\n\n# {told['study']}: {told['strategy']}\n\n"
        f"A multilabel text classifier, {told['backbone']}, trained with the strategy `{told['strategy']}` "
        f"(seed {told['seed']}: {told['why']}), written by ablate {told['ablate']}. {told['origin']}\n\n"
        f"Parameters:\n\n{parameters}"
    )


def _data(told: Mapping[str, Any]) -> str:
    data = told["data"]
    unknown = f" ({data['untrained_labels']:,} more have no training document)" if data["untrained_labels"] else ""
    return (
        f"## Data\n\n`{data['name']}`, sha256 `{data['sha256']}`\n\n"
        f"- {data['documents']:,} documents: {data['train_documents']:,} train, {data['validation_documents']:,} "
        f"validation, {data['test_documents']:,} test\n- {data['labels']:,} labels"
        f"{unknown}\n"
        f"- documents are cut at {told['max_length']} tokens ({data['truncated_share']:.1%} were longer)"
    )


def _figures(told: Mapping[str, Any], row: Mapping[str, Any], board: Mapping[str, Any], test: Mapping[str, Any]) -> str:
    subject = "its run" if told["in_fp32"] else "this model"
    lines = [f"| on test | {subject} | all seeds, 95 % interval |", "|---|---|---|"]
    for name, column, rule, figure in FIGURES:
        level = row[column]
        interval = "" if level is None else _interval(level)
        lines.append(f"| {name} | {_figure(test[rule][figure])} | {interval} |")
    lines += [f"| {name} as deployed | {_figure(test['as_deployed'][figure])} | |" for name, figure in DEPLOYED]
    budget = board["budget"]["alarms_per_document"]
    own = f"\n\nThe run computed in a lower precision than this model: {told['in_fp32']}." if told["in_fp32"] else ""
    return (
        "## Figures\n\n" + "\n".join(lines) + f"\n\nThe budget is {budget:.3g} alarms per document; "
        f"{row['runs']} seeds; interval: {board['interval']}.{own}"
    )


def _interval(level: Mapping[str, Any]) -> str:
    if level["low"] is None:
        return _figure(level["mean"])
    return f"{level['mean']:.3f} [{level['low']:.3f}, {level['high']:.3f}]"


def _figure(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"


def _rule(told: Mapping[str, Any]) -> str:
    unit = "logit"
    if told["scores"] == LOG_SOFTMAX:
        unit = "score (the logarithm of its softmax over the labels)"
    return (
        "## Decision rule\n\n"
        f"A label is called where its {unit} reaches the label's own cut. The cuts, `rule.cuts` of "
        f"`{'config.json` under `ablate' if not told['no_class'] else 'ablate.json'}`, in the order of the labels, "
        "were chosen on validation: one cut on prior-adjusted scores (Menon et al. 2021) at the budget of alarms."
    )


def use(told: Mapping[str, Any]) -> str:
    """How to apply the model: with transformers' pipeline where it loads the folder, and with ablate.

    Scores are compared with the cuts as logits (or logarithms): a sigmoid rounds to 1 where cuts still differ.
    """
    ours = (
        "```sh\npython -m ablate predict FOLDER FILE --out FILE.parquet\n```\n\n"
        '```python\nfrom ablate import load_model\n\nmodel = load_model("FOLDER")\n'
        'model(["a text"])         # the labels that the rule calls\nmodel.scores(["a text"])  # [1, L]\n```'
    )
    if told["no_class"]:
        why = f"transformers cannot load this folder: {told['no_class']}."
        return f"## Use\n\n{why} Ablate can, from safetensors and JSON:\n\n{ours}"
    softmax = told["scores"] == LOG_SOFTMAX
    function = "softmax" if softmax else "sigmoid"
    single = (
        "The loss was a softmax over the labels, so that the labels of a document compete: `problem_type` is "
        "`single_label_classification` for the pipeline to apply it, though a document may have several labels.\n\n"
        if softmax
        else ""
    )
    logarithms = (
        "logarithms = torch.tensor(list(scores.values())).log_softmax(0).tolist()\n"
        "scores = dict(zip(scores, logarithms))\n"
        if softmax
        else ""
    )
    return (
        f"## Use\n\n```python\n{'import torch' + chr(10) if softmax else ''}from transformers import pipeline\n\n"
        "classify = pipeline(\n"
        '    "text-classification", model="FOLDER", top_k=None, truncation=True, function_to_apply="none"\n)\n'
        "config = classify.model.config\n"
        'cuts = {config.id2label[i]: cut for i, cut in enumerate(config.ablate["rule"]["cuts"])}\n'
        'scores = {said["label"]: said["score"] for said in classify(["a text"])[0]}\n'
        f"{logarithms}"
        "called = [label for label, score in scores.items() if score >= cuts[label]]\n```\n\n"
        f"{single}Without `function_to_apply` the pipeline's scores are the {function} of the logits. "
        "`truncation=True` cuts long documents where "
        f"training cut them, at {told['max_length']} tokens. Or with ablate:\n\n{ours}"
    )
