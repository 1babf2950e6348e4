"""Runs that are the same on one process and on several, and what a process of several does with them.

python spread_runs.py FOLDER, with RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT: makes every run, then lets the last
rank fail in several ways, at last by a signal; writes what each rank saw to FOLDER/RANK.pt.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from small_settings import SmallBert, go_on, ignore, prepared, setting
from torch import Tensor, nn

from ablate.components.backbone import Bag
from ablate.components.batch_loss import TwoWay
from ablate.components.freezing import HeadOnly, LastLayers
from ablate.components.mixer import Mixup
from ablate.components.procedure import HeadRetraining
from ablate.components.sampler import FollowRecall, LabelPower
from ablate.factors import Head
from ablate.strategy import Strategy
from ablate.train.compute import Compute
from ablate.train.evaluate import score
from ablate.train.loop import Loop
from ablate.train.order import Order
from ablate.train.prefix import prefix_inputs
from ablate.train.processes import Processes
from ablate.train.ranks import Ranks
from ablate.train.run import run
from ablate.train.setting import Setting
from ablate.train.vectors import VectorCache
from ablate.train.whole import backward

PLAIN = Strategy("plain", head=Head(0.0))


@dataclass(frozen=True)
class PerToken(Head):
    """Mean of a map of every token: the tokens of other ranks' documents have to come whole, and in order."""

    reads = "tokens"

    def build(self, encoder, stats) -> nn.Module:
        class Mean(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.linear = nn.Linear(encoder.width, len(stats.positives), bias=False)

            def forward(self, tokens) -> Tensor:
                return replace(tokens, flat=torch.tanh(self.linear(tokens.flat))).mean()

        return Mean()


STRATEGIES = {
    "baseline": PLAIN,
    "a loss of the whole batch": PLAIN.replace(loss=TwoWay()),
    "a sampler that follows recall": PLAIN.replace(sampler=FollowRecall()),
    "mixup": PLAIN.replace(mixer=Mixup()),
    "a head on tokens": PLAIN.replace(head=PerToken()),
    "last layers on cached vectors": PLAIN.replace(freezing=LastLayers(1)),
    "micro-batches": PLAIN,
    "two stages": PLAIN.replace(procedure=HeadRetraining((LabelPower(0.0), HeadOnly()), 0.2)),
    "a bag": PLAIN,
}
DROPPING = Strategy("dropping", head=Head(0.3))


def settings(folder: Path, ranks: Ranks) -> dict[str, Setting]:
    """A setting for each run; no batch can be halved."""
    data = prepared(SmallBert(), folder)
    bert = replace(setting(data, batch_size=13), ranks=ranks, rate=5e-3)
    bert.encoder.set_dropout(0.0)
    found = dict.fromkeys(STRATEGIES, bert)
    states = prefix_inputs(bert.encoder, data, 1, "fp32", VectorCache(folder / "vectors"))
    assert states is not None
    found["last layers on cached vectors"] = replace(bert, inputs=states, prefix=1)
    found["micro-batches"] = replace(bert, compute=Compute(micro_batch_tokens=20))
    found["a bag"] = replace(setting(prepared(Bag(width=16), folder), batch_size=13), ranks=ranks)
    dropping = replace(setting(data, batch_size=13), ranks=ranks)
    dropping.encoder.set_dropout(0.3)
    found["dropout"] = dropping
    return found


def gradients(strategy: Strategy, one: Setting) -> dict[str, Tensor]:
    """Logits, loss and every parameter's gradient of the first batch."""
    loop = Loop(strategy, one, 3)
    loop.begin()
    batch = next(loop._batches.next(1))
    logits, loss = backward(loop.model, loop.level, loop.objective, loop.stats, one, batch)
    named = {name: p.grad for name, p in loop.model.named_parameters() if p.grad is not None}
    return {"logits": logits, "loss": loss, **named}


def made(strategy: Strategy, one: Setting) -> dict[str, Any]:
    """What a whole run leaves behind, and the documents that it drew."""
    drawn: list[np.ndarray] = []
    batch = Order.batch

    def noted(self: Order, size: int) -> np.ndarray:
        drawn.append(batch(self, size))
        return drawn[-1]

    Order.batch = noted  # type: ignore[method-assign]
    try:
        outcome = run(strategy, one, 3, go_on, ignore)
    finally:
        Order.batch = batch  # type: ignore[method-assign]
    rows = one.prepared.rows["test"]
    return {
        "drawn": np.array(drawn),
        "losses": outcome.losses,
        "norms": outcome.norms,
        "macro": outcome.curve.macro,
        "micro": outcome.curve.micro,
        "positives": outcome.drawn,
        "weights": dict(outcome.model.named_parameters()),
        "scores": score(outcome.model, one.inputs, rows, outcome.loss, one),
    }


def raised(work: Callable[[], object]) -> tuple[str, str]:
    """Kind and text of what a block raises; empty where it raises nothing."""
    try:
        work()
    except Exception as error:
        return type(error).__name__, str(error)
    return "", ""


def failing(one: Setting, error: Exception, at: int) -> Callable[[], object]:
    """A run in which the last rank fails at a step, in the middle of what all do together."""

    def tick(step: int) -> None:
        if one.ranks.rank == one.ranks.size - 1 and step == at:
            raise error

    def work() -> None:
        with one.ranks.together():
            run(PLAIN, one, 3, go_on, tick)

    return work


def main(folder: Path) -> None:
    """All runs, and the faults that come with a word; then the one that does not."""
    torch.set_num_threads(1)
    ranks = Processes()
    ranks.use(torch.device("cpu"))
    all_settings = settings(folder, ranks)
    seen: dict[str, Any] = {"runs": {}, "gradients": {}, "faults": {}}
    for name, strategy in STRATEGIES.items():
        seen["gradients"][name] = gradients(strategy, all_settings[name])
        seen["runs"][name] = made(strategy, all_settings[name])
    seen["dropout"] = [made(DROPPING, all_settings["dropout"]) for _ in range(2)]
    with ranks.apart():
        seen["own draws"] = torch.rand(8)
    seen["shared draws"] = torch.rand(8)
    bag = all_settings["a bag"]
    seen["faults"]["error"] = raised(failing(bag, ValueError("mine\nalone"), 7))
    seen["faults"]["memory"] = raised(failing(bag, MemoryError("no room"), 7))
    seen["faults"]["none"] = raised(failing(bag, ValueError(), 0))
    seen["faults"]["other data"] = raised(lambda: other(ranks))
    torch.save(seen, folder / f"{ranks.rank}.pt")
    if ranks.rank == ranks.size - 1:
        os.kill(os.getpid(), signal.SIGKILL)
    seen["faults"]["killed"] = raised(lambda: made(PLAIN, bag))
    torch.save(seen, folder / f"{ranks.rank}.pt")
    os._exit(0)


def other(ranks: Ranks) -> None:
    """Each rank has its own value of what must be the same."""
    with ranks.together():
        ranks.check("the colour", lambda: f"colour {ranks.rank}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
