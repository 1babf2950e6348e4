"""``ablate report``: the page, its figures as SVG and PNG, and the labels, in one folder."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from ablate.errors import AblateError
from ablate.results.folder import read, say_skipped
from ablate.results.report.drawing import framed
from ablate.results.report.figure import WIDE
from ablate.results.report.material import Material
from ablate.results.whole import write_whole

NEEDED = ("jinja2", "matplotlib")


def report(folder: Path, out: Path | None = None) -> None:
    """Write the report of a study folder, by default to ``folder/report``, and say where it is.

    Everything is made before anything is written; the page comes last.

    Raises:
        AblateError: the folder holds no study, the extra is not installed, or ``out`` cannot be written.
    """
    for package in NEEDED:
        if find_spec(package) is None:
            raise AblateError(f"the report needs {package}, which is not installed; pip install 'ablate[report]'")
    target = out or folder / "report"
    if target.exists() and not target.is_dir():
        raise AblateError(f"--out '{target}' is a file; give a folder")
    files = contents(folder)
    try:
        _write(target, files)
    except OSError as error:
        raise AblateError(f"'{target}' cannot be written ({error.strerror}); give another folder with --out") from error
    print(f"report: {target / 'index.html'}")


def contents(folder: Path) -> dict[str, bytes]:
    """All files of the report by their name within it. Raises AblateError where the folder holds no study."""
    from ablate.results.report.page import figures, page
    from ablate.results.report.raster import png
    from ablate.results.report.vector import document

    material = Material(read(folder))
    say_skipped(material.found)
    if not material.arms:
        raise AblateError(f"'{folder}' has no finished record; run: python -m ablate study {folder / 'study.toml'}")
    files = {"labels.csv": material.found.labels.to_csv(index=False, lineterminator="\n").encode()}
    shown = figures(material)
    for figure in shown:
        drawing = framed(figure.draw(WIDE), figure.heading)
        files[f"figures/{figure.name}.svg"] = document(drawing, figure.heading, figure.alternative)
        files[f"figures/{figure.name}.png"] = png(drawing)
    return files | {"index.html": page(material, shown).encode()}


def _write(target: Path, files: dict[str, bytes]) -> None:
    from ablate.results.report.page import FIGURES

    for name, data in files.items():
        write_whole(target / name, data)
    for name, _ in FIGURES:
        for kind in ("svg", "png"):  # a figure that an earlier report had and this study has no longer
            if (stale := f"figures/{name}.{kind}") not in files:
                (target / stale).unlink(missing_ok=True)
