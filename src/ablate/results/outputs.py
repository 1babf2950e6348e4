"""The boards of an output folder: written from its plan and its records alone, as a study leaves them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ablate.errors import AblateError
from ablate.results.folder import Read, read, read_all
from ablate.results.formats import write as write_board
from ablate.results.recommendation_show import write as write_advice


def write_boards(out: Path) -> Read:
    """Compute the board of an output folder; write it in every format, with its labels and what it advises.

    The same records give the same bytes, so that a board under version control can be checked against its records.

    Raises:
        AblateError: the folder holds no study.
    """
    return _written(read(out))


def rewrite(folders: Sequence[Path]) -> list[Read]:
    """The same for several folders whose studies were run before; nothing is written unless all can be read.

    Raises:
        AblateError: a folder holds no study or no record to make a board of, or is given twice.
    """
    found = read_all(folders)
    for one in found:
        if not one.bodies:
            raise AblateError(f"'{one.folder / 'records'}' holds no record to make a board of; run its study")
    return [_written(one) for one in found]


def _written(found: Read) -> Read:
    write_board(found.board, found.labels, found.folder)
    write_advice(found)
    return found
