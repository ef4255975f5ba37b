"""From a lesson's YAML to its notebook, and the one command that refreshes the committed outputs.

The YAML says in which order things come; the notebook is that order as cells, executed once with no guess
made. ``lessonlib build`` writes all of them, and beside the tests what the seals of the course's lessons stand for, part by
part (so that a broken seal can say what changed); run twice it writes the same bytes.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.base.extras import require
from lessonlib.base.files import make_folder, read_json, read_text, write_text
from lessonlib.base.formats import dumps as data_as_json
from lessonlib.build.places import Place, notebooks_dir, of_name, seals_dir
from lessonlib.lesson.concepts import twin_of_listing
from lessonlib.lesson.course_plan import kept_minutes, minutes_path
from lessonlib.lesson.outline import Entry, outline
from lessonlib.lesson.source import load_source, twin_of_lesson
from lessonlib.lesson.written import Write, function_name
from lessonlib.show.blocks import BLOCKS

__all__ = [
    "BuildError",
    "build",
    "dumps",
    "execute",
    "normalise",
    "notebooks_dir",
    "refresh",
    "seals",
    "seals_dir",
    "write",
]

_HIDDEN = {"jupyter": {"source_hidden": True}}
_KEPT_METADATA = ("jupyter", "tags")
_KERNEL = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}

#: with the pictures in its outputs
MOST_OF_A_NOTEBOOK = 64_000_000

PARAMETERS = 'lab = None   # None: the lab chosen in the start notebook; or a name, such as "llama-3.1-8b-a100-80gb"\nauto = None  # None: you answer'


def build(name: str) -> dict[str, Any]:
    """The notebook of a lesson, by name or path, as plain data (nbformat 4.5), without outputs."""
    raw = load_source(name, BLOCKS)
    name = of_name(name).opened_as
    first, *entries = outline(raw, BLOCKS)
    opening = f'from lessonlib import open_lesson\n\nlesson = open_lesson("{name}", lab, auto)\nlesson'
    cells = [
        _cell(name, 0, first),
        _code(name, "parameters", PARAMETERS, {"tags": ["parameters"]}),
        _code(name, "open", opening, {}),
    ]
    for entry in entries:
        cells.append(_cell(name, len(cells), entry))
    return {"cells": cells, "metadata": _KERNEL, "nbformat": 4, "nbformat_minor": 5}


def _cell(name: str, index: int, entry: Entry) -> dict[str, Any]:
    """The cell of an entry. JupyterLab shows its first line on the collapsed bar, so that must give nothing away."""
    if entry.kind == "text":
        return _markdown(name, index, entry.raw["text"].strip())
    if entry.kind == Write.kind:
        return _code(name, entry.raw["id"], written_cell(entry.title, entry.raw), {})
    source = f'# {entry.title}\nlesson.{entry.kind}("{entry.raw["id"]}")'
    by_hand = BLOCKS[entry.kind].by_hand if entry.kind in BLOCKS else ""
    return _code(name, entry.raw["id"], source + by_hand, {} if by_hand else _HIDDEN)


def written_cell(title: str, raw: Mapping[str, Any]) -> str:
    """The open cell of a function of one's own: the starter, and the line that hands it over."""
    starter = str(raw["starter"]).strip("\n")
    return f'# {title}\n{starter}\n\nlesson.write("{raw["id"]}", {function_name(starter, raw["id"])})'


def _cell_id(name: str, key: str) -> str:
    return hashlib.sha256(f"{name}/{key}".encode()).hexdigest()[:12]


def _markdown(name: str, index: int, source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": _cell_id(name, f"text {index}"), "metadata": {}, "source": _lines(source)}


def _code(name: str, key: str, source: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": _cell_id(name, key),
        "metadata": dict(metadata),
        "outputs": [],
        "source": _lines(source),
    }


def _lines(source: str) -> list[str]:
    return source.splitlines(keepends=True)


# --- refresh ---------------------------------------------------------------------------------------------


def normalise(notebook: Mapping[str, Any]) -> dict[str, Any]:
    """An executed notebook without anything that differs from run to run: times, counts, widget views and state."""
    cells = []
    for count, executed in enumerate(notebook["cells"]):
        kept = {key: value for key, value in executed["metadata"].items() if key in _KEPT_METADATA and value}
        cell = {**executed, "metadata": kept, "source": _lines("".join(executed["source"]))}
        if cell["cell_type"] == "code":
            cell |= {"execution_count": count, "outputs": [_output(output, count) for output in cell["outputs"]]}
        cells.append(dict(sorted(cell.items())))
    return {"cells": cells, "metadata": _KERNEL, "nbformat": 4, "nbformat_minor": 5}


def _output(output: Mapping[str, Any], count: int) -> dict[str, Any]:
    output = {**output, "metadata": {}} if "data" in output else dict(output)
    if "data" in output:
        output["data"] = {
            kind: data
            for kind, data in sorted(output["data"].items())
            if not kind.startswith("application/vnd.jupyter.widget")
        }
    if "execution_count" in output:
        output["execution_count"] = count
    return dict(sorted(output.items()))


def dumps(notebook: Mapping[str, Any]) -> str:
    """A notebook as text, as JupyterLab writes it."""
    return data_as_json(notebook, indent=1, sort_keys=True) + "\n"


class BuildError(LessonlibError):
    """A notebook does not run through: which cell, what it said."""


def execute(
    notebook: Mapping[str, Any], parameters: Mapping[str, Any] | None = None, folder: Path | None = None
) -> dict[str, Any]:
    """Run a notebook by papermill in a fresh kernel and return it with outputs, no widget state stored.

    It runs in ``folder``, or where the notebooks of the course are. Raises BuildError for the first cell that fails.
    """
    require("papermill", "author", "executing a notebook")
    import papermill  # slow to import, only needed here
    from papermill.exceptions import PapermillExecutionError

    with tempfile.TemporaryDirectory() as temporary, _nobody(), _quiet():
        source, done = Path(temporary) / "in.ipynb", Path(temporary) / "out.ipynb"
        write_text(source, dumps(notebook))
        try:
            papermill.execute_notebook(
                source,
                done,
                parameters=parameters or {},
                kernel_name="python3",
                progress_bar=False,
                store_widget_state=False,
                cwd=str(folder or notebooks_dir()),
            )
        except PapermillExecutionError as error:
            cell = error.source.strip().splitlines()[-1]
            said = " ".join(f"{error.ename}: {error.evalue}".split())
            raise BuildError(f"the cell {cell} failed: {said}") from error
        found: dict[str, Any] = read_json(done, most=MOST_OF_A_NOTEBOOK)
        return found


@contextmanager
def _nobody() -> Iterator[None]:
    """As long as this lasts, kernels start without this person's lab, mode and journal."""
    kept = dict(os.environ)
    for name in ("LESSON_AUTO", "LESSON_LAB", "JPY_SESSION_NAME"):
        os.environ.pop(name, None)
    os.environ["LESSON_JOURNAL"] = "off"
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)


@contextmanager
def _quiet() -> Iterator[None]:
    """As long as this lasts, what kernels say of their transport on stderr goes nowhere; what fails in a cell is raised."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def seals(name: str) -> dict[str, Any]:
    """What stands behind the seals of a lesson on the default lab, part by part."""
    from lessonlib.lesson.lesson import Lesson
    from lessonlib.lesson.seal import lesson_parts
    from lessonlib.roofline import DEFAULT_LAB, load_lab

    return lesson_parts(Lesson(name, load_lab(DEFAULT_LAB), None, BLOCKS))


def refresh(names: Iterable[str]) -> list[Path]:
    """Build, execute and normalise the notebooks of these lessons; write their seals and JSON twins. Returns the files that changed."""
    changed = []
    for place in map(of_name, names):
        changed += _refresh(place)
    return changed


def _refresh(place: Place) -> list[Path]:
    try:
        texts = {place.notebook: dumps(normalise(execute(build(place.name), folder=place.folder)))}
    except BuildError as error:
        raise BuildError(f"{place.notebook.name}: {error}") from error
    if place.seals:
        texts |= {
            place.seals: dumps(seals(place.name)),
            minutes_path(): dumps(_minutes(place.name)),
            **dict((twin_of_lesson(place.name, BLOCKS), twin_of_listing())),
        }
    return [path for path, text in texts.items() if write(path, text)]


def _minutes(name: str) -> dict[str, float]:
    """The minutes of every lesson, that of this one counted anew on the default lab."""
    from lessonlib.lesson.budget import budget, case_budget, epilogue_budget, exam_budget
    from lessonlib.lesson.lesson import Lesson
    from lessonlib.roofline import DEFAULT_LAB, load_lab

    lesson = Lesson(name, load_lab(DEFAULT_LAB), None, BLOCKS)
    parts = (budget(lesson), case_budget(lesson), epilogue_budget(lesson), exam_budget(lesson))
    found = {**kept_minutes(), name: round(sum(part.minutes for part in parts if part), 1)}
    return {one: found[one] for one in sorted(found)}


def write(path: Path, text: str) -> bool:
    """Write a text if it differs from what is there; whether it did. LessonlibError where that is not allowed."""
    try:
        if read_text(path, most=MOST_OF_A_NOTEBOOK) == text:
            return False
    except LessonlibError:
        pass  # not there, or not what we wrote
    make_folder(path.parent)
    write_text(path, text)
    return True
