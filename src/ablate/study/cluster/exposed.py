"""A password where others can read it: in the command line of this process, which every user of a machine may list."""

from __future__ import annotations

import sys

from ablate.study.cluster.database import secrets_of

REMEDY = "give the URL in the variable ABLATE_STORAGE, or the password in ~/.pgpass"


def exposed(url: str) -> str:
    """What to tell whoever gave the URL of a database with its password on the command line; empty where nobody did."""
    if not secrets_of(url) or not any(url in argument for argument in sys.argv):
        return ""
    return f"--storage on the command line shows its password to all users of this machine; {REMEDY}"
