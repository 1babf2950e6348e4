"""The last of several processes stops for ever; the others say what they make of it, their patience being short."""

from __future__ import annotations

import os
import signal
from datetime import timedelta

from ablate.train import connected
from ablate.train.ranks import LostError

connected.PATIENCE = timedelta(seconds=2)
ranks = connected.Connected()
if ranks.rank == ranks.size - 1:
    os.kill(os.getpid(), signal.SIGSTOP)
try:
    ranks.decided(lambda: 1)
except LostError as error:
    print(error, flush=True)
os._exit(0)
