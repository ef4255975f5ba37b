"""From a lesson's YAML to its notebook, and the one command that refreshes the committed outputs.

The YAML says in which order things come; the notebook is that order as cells, executed once with no guess
made. ``python -m lessonlib.build.notebooks`` writes all of them, and beside the tests what their seals stand for, part by
part (so that a broken seal can say what changed); run twice it writes the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lessonlib.base.extras import require
from lessonlib.base.paths import data_dir
from lessonlib.lesson.concepts import twin_of_listing
from lessonlib.lesson.source import lesson_names, load_source, twin_of_lesson

_COMMENTS = {
    "recall": "Recall · answer aloud, then check", "blanks": "From memory · fill the gaps", "explain": "Explain it cold · in your own words",
    "note": "To your teacher · optional", "score": "Score card · what came out", "sources": "Sources",
}
_HIDDEN = {"jupyter": {"source_hidden": True}}
_KEPT_METADATA = ("jupyter", "tags")
_KERNEL = {"kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}, "language_info": {"name": "python"}}

#: under the explorer, which stands with its code in view: the same engine, for cells of the learner's own
_BY_HAND = """
# The same by hand, once it is open, in a cell of your own:
#   from lessonlib import decode
#   decode(lesson.lab.system, batch=16, context=2048).ceiling_tokens_per_s"""

PARAMETERS = 'lab = None   # None: the lab chosen in the start notebook; or a name, such as "llama-3.1-8b-a100-80gb"\nauto = None  # None: you answer'


def notebooks_dir() -> Path:
    """Where the notebooks are: beside data/."""
    return data_dir().parent / "notebooks"


def seals_dir() -> Path:
    """Where the parts behind the seals are kept: beside the tests that compare them."""
    return data_dir().parent / "tests" / "seals"


def build(name: str) -> dict[str, Any]:
    """The notebook of a lesson as plain data (nbformat 4.5), without outputs."""
    raw = load_source(name)
    entries = [next(iter(entry.items())) for entry in raw["steps"]]
    opening = [("parameters", PARAMETERS), ("open", f'from lessonlib import open_lesson\n\nlesson = open_lesson("{name}", lab, auto)\nlesson')]
    cells, step, quiz = [], 0, 0
    for kind, body in entries[:1] + opening + entries[1:]:
        if kind == "predict":
            quiz += bool(body.get("quiz"))
            step += not body.get("quiz") and not body.get("transfer")
        cells.append(_cell(name, len(cells), kind, body, step, quiz))
    return {"cells": cells, "metadata": _KERNEL, "nbformat": 4, "nbformat_minor": 5}


def _cell(name: str, index: int, kind: str, body: Any, step: int, quiz: int) -> dict[str, Any]:
    if kind == "text":
        return _markdown(name, index, body.strip())
    if kind == "parameters":
        return _code(name, kind, body, {"tags": ["parameters"]})
    if kind == "open":
        return _code(name, kind, body, {})
    source = f"# {_comment(kind, body, step, quiz)}\nlesson.{kind}(\"{body['id']}\")"
    if kind == "explore":
        return _code(name, body["id"], source + _BY_HAND, {})
    return _code(name, body["id"], source, _HIDDEN)


def _comment(kind: str, body: Mapping[str, Any], step: int, quiz: int) -> str:
    """What JupyterLab shows on the collapsed bar. It must give nothing away."""
    if kind == "predict":
        return (f"Quiz {quiz} · from memory" if body.get("quiz") else "Transfer · the same idea elsewhere"
                if body.get("transfer") else f"Step {step} · predict, then reveal")
    return _COMMENTS.get(kind) or body["title"]


def _cell_id(name: str, key: str) -> str:
    return hashlib.sha256(f"{name}/{key}".encode()).hexdigest()[:12]


def _markdown(name: str, index: int, source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": _cell_id(name, f"text {index}"), "metadata": {}, "source": _lines(source)}


def _code(name: str, key: str, source: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {"cell_type": "code", "execution_count": None, "id": _cell_id(name, key), "metadata": dict(metadata), "outputs": [], "source": _lines(source)}


def _lines(source: str) -> list[str]:
    return source.splitlines(keepends=True)


# --- refresh ---------------------------------------------------------------------------------------------


def normalise(notebook: Mapping[str, Any]) -> dict[str, Any]:
    """An executed notebook without anything that differs from run to run: times, counts, widget views and state."""
    cells = []
    for count, cell in enumerate(notebook["cells"]):
        kept = {key: value for key, value in cell["metadata"].items() if key in _KEPT_METADATA and value}
        cell = {**cell, "metadata": kept, "source": _lines("".join(cell["source"]))}
        if cell["cell_type"] == "code":
            cell |= {"execution_count": count, "outputs": [_output(output, count) for output in cell["outputs"]]}
        cells.append(dict(sorted(cell.items())))
    return {"cells": cells, "metadata": _KERNEL, "nbformat": 4, "nbformat_minor": 5}


def _output(output: Mapping[str, Any], count: int) -> dict[str, Any]:
    output = {**output, "metadata": {}} if "data" in output else dict(output)
    if "data" in output:
        output["data"] = {kind: data for kind, data in sorted(output["data"].items()) if not kind.startswith("application/vnd.jupyter.widget")}
    if "execution_count" in output:
        output["execution_count"] = count
    return dict(sorted(output.items()))


def dumps(notebook: Mapping[str, Any]) -> str:
    """A notebook as text, as JupyterLab writes it."""
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def execute(notebook: Mapping[str, Any], parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Run a notebook by papermill in a fresh kernel and return it with outputs, no widget state stored."""
    require("papermill", "author", "executing a notebook")
    import papermill  # slow to import, only needed here

    with tempfile.TemporaryDirectory() as folder, _nobody():
        source, done = Path(folder) / "in.ipynb", Path(folder) / "out.ipynb"
        source.write_text(dumps(notebook), encoding="utf-8")
        papermill.execute_notebook(source, done, parameters=parameters or {}, kernel_name="python3", progress_bar=False,
                                   store_widget_state=False, cwd=str(notebooks_dir()))
        return json.loads(done.read_text(encoding="utf-8"))


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


def seals(name: str) -> dict[str, Any]:
    """What stands behind the seals of a lesson on the default lab, part by part."""
    from lessonlib.lesson.lesson import Lesson
    from lessonlib.lesson.seal import lesson_parts
    from lessonlib.roofline import DEFAULT_LAB, load_lab
    from lessonlib.show.blocks import DRAWERS, SEALED

    return lesson_parts(Lesson(name, load_lab(DEFAULT_LAB), None, DRAWERS, SEALED))


def refresh(names: Iterable[str]) -> list[Path]:
    """Build, execute and normalise the notebooks of these lessons; write their seals and JSON twins. Returns the files that changed."""
    changed = []
    for name in names:
        texts = {notebooks_dir() / f"{name}.ipynb": dumps(normalise(execute(build(name)))),
                 seals_dir() / f"{name}.json": dumps(seals(name)),
                 **dict((twin_of_lesson(name), twin_of_listing()))}
        for path, text in texts.items():
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
                changed.append(path)
    return changed


def main(names: list[str]) -> None:
    """Refresh the lessons named; with no name all of them, and the notebooks that are no lessons."""
    changed = refresh(names or lesson_names())
    if not names:
        from lessonlib.build import pages

        changed += pages.refresh()
    for path in changed:
        print(f"refreshed {path.parent.name}/{path.name}")


if __name__ == "__main__":
    main(sys.argv[1:])
