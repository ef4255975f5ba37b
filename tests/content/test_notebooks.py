"""Every notebook runs from top to bottom, in every mode and on every lab, and the stored ones are as a fresh run leaves them."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from lessonlib.build import notebooks as stage
from lessonlib.build import pages as other_pages
from lessonlib.build.lint.cells import cell_findings
from lessonlib.lesson.items import StepItem
from lessonlib.lesson.source import lesson_names
from lessonlib.roofline import DEFAULT_LAB, lab_names
from lessonlib.show.panel import Panel
from lessonlib.show.session import AUTO
from tests.content.cells import run_cells
from tests.content.conftest import opened
from tests.content.runs import Job, Runs

LESSONS = lesson_names()
NOTEBOOKS = sorted(path.stem for path in stage.notebooks_dir().glob("*.ipynb"))
PAGES = [name for name in NOTEBOOKS if name not in LESSONS]
# In a kernel, by papermill: every lesson in the mode that does most. With no guess made, nbval runs them all in a kernel of their own.
# "each" holds "truth": it tries every mistake and then answers right.
KERNELS = [Job(name, "each", "") for name in LESSONS]
UNSET = [Job(name, "", "") for name in PAGES]
# Without a kernel: the other modes, and every lab.
MODES = [Job(name, mode, "") for name in LESSONS for mode in AUTO if mode != "each"]
LABS = [Job(name, "each", lab) for name in LESSONS for lab in lab_names()]


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """Executes what the tests at hand ask for, in their order."""
    asking = [item for item in request.session.items if item.path == request.path and "runs" in item.fixturenames]
    wanted = [item.callspec.params["job"] for item in asking]
    found = Runs(tmp_path_factory.mktemp("runs"), list(dict.fromkeys(wanted)))
    yield found
    found.close()


def committed(name: str) -> dict[str, Any]:
    """The notebook as it lies in the repository."""
    return json.loads((stage.notebooks_dir() / f"{name}.ipynb").read_text(encoding="utf-8"))


def pages(notebook: dict[str, Any]) -> dict[str, str]:
    """Item -> the HTML that its cell put out."""
    found = (
        "".join(output["data"].get("text/html", ""))
        for cell in notebook["cells"]
        for output in cell.get("outputs", ())
        if "data" in output
    )
    marked = ((re.search(r'data-lesson-id="([^"]+)"', page), page) for page in found)
    return {mark[1]: page for mark, page in marked if mark}


def questions(job: Job) -> list[StepItem]:
    return [item for item in opened(job.notebook, job.lab or DEFAULT_LAB).asked if not item.only_kept]


def no_error(notebook: dict[str, Any]) -> None:
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", ())]
    assert outputs
    assert [output for output in outputs if output["output_type"] == "error"] == []


def revealed_parts(item: StepItem, given: Any) -> list[str]:
    """The pieces of HTML that a reveal must bring."""
    question = item.step.question
    result = question.result(question.accept(given))
    parts = [
        result["summary"]
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace('"', "&quot;")
        .replace("'", "&#x27;")
    ]
    return parts + [text for text in (result["reveal"], result.get("answer", ""), question.explanation()) if text]


# --- runs --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("job", KERNELS, ids=str)
def test_a_run_that_answers_shows_every_answer(job: Job, runs: Runs, request: pytest.FixtureRequest) -> None:
    shows_every_answer(job, runs.result(job))
    request.node.user_properties.append(("kernel_cpu_s", round(runs.processor_seconds(job), 3)))


@pytest.mark.parametrize("job", MODES, ids=str)
def test_so_does_one_in_any_other_mode(job: Job) -> None:
    shows_every_answer(job, run_cells(committed(job.notebook), {"auto": job.mode}).notebook)


@pytest.mark.parametrize("job", LABS, ids=str)
def test_every_lesson_runs_through_on_every_lab(job: Job) -> None:
    ran = run_cells(committed(job.notebook), {"auto": job.mode, "lab": job.lab})
    shows_every_answer(job, ran.notebook)
    assert not any(
        output["output_type"] == "stream" for cell in ran.notebook["cells"] for output in cell.get("outputs", ())
    )
    panels = {panel.view["id"]: panel for panel in ran.shown if isinstance(panel, Panel)}
    lesson = ran.names["lesson"]._lesson
    assert list(panels) == list(lesson.items) and not any(item.lock for item in lesson.items.values())
    for item in lesson.asked:
        view = panels[item.id].view
        if not item.only_kept:
            assert (view["state"], view["skipped"]) == ("observed", False), item.id
        if item.step.question.sure:
            assert view["result"]["tone"] == "right", item.id
    for item_id, panel in panels.items():
        text, html = panel._fallback()
        assert "None" not in text and "{{" not in html, item_id


def shows_every_answer(job: Job, notebook: dict[str, Any]) -> None:
    no_error(notebook)
    shown = pages(notebook)
    for item in questions(job):
        question, page = item.step.question, shown[item.id]
        if job.mode == "skip":
            assert "Skipped" in page, item.id
            assert question.reveal() in page, item.id
            continue
        for part in revealed_parts(item, question.right()):
            assert part in page, item.id
        for name, _ in question.mistakes():
            assert (f"<summary>{name}</summary>" in page) == (job.mode == "each"), (item.id, name)
    assert "Reveal step" not in "".join(shown.values()), "every gate must have opened"


@pytest.mark.parametrize("name", LESSONS)
def test_a_run_without_a_guess_reveals_nothing(name: str) -> None:
    notebook = run_cells(committed(name)).notebook
    no_error(notebook)
    assert cell_findings(notebook, [opened(name)]) == []
    shown = pages(notebook)
    for item in questions(Job(name, "", "")):
        assert item.seal() in shown[item.id]
        assert "ll-refutation" not in shown[item.id] and "Show the working" not in shown[item.id]
    assert stage.dumps(stage.normalise(notebook)) == stage.dumps(committed(name)), "run: make notebooks"


@pytest.mark.parametrize("job", UNSET, ids=str)
def test_a_page_is_stored_as_a_fresh_run_leaves_it(job: Job, runs: Runs) -> None:
    notebook = runs.result(job)
    no_error(notebook)
    assert stage.dumps(stage.normalise(notebook)) == stage.dumps(committed(job.notebook)), "run: make notebooks"


# --- what is committed ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_cell_is_stored_with_its_output(name: str) -> None:
    """Nbval passes over a cell without output, so a cleared notebook would pass it."""
    for index, cell in enumerate(committed(name)["cells"]):
        if cell["cell_type"] != "code":
            continue
        assert cell["execution_count"], f"cell {index} was not executed; run: make notebooks"
        if shows_something("".join(cell["source"])):
            assert cell["outputs"], f"cell {index} stores no output; run: make notebooks"


def shows_something(source: str) -> bool:
    """Whether a cell ends in an expression, so that it puts something out."""
    lines = ast.parse(source).body
    return bool(lines) and isinstance(lines[-1], ast.Expr)


@pytest.mark.parametrize("name", LESSONS)
def test_only_the_parameters_show_nothing(name: str) -> None:
    silent = [
        cell["metadata"].get("tags")
        for cell in committed(name)["cells"]
        if cell["cell_type"] == "code" and not cell["outputs"]
    ]
    assert silent == [["parameters"]]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_no_widget_is_stored(name: str) -> None:
    text = json.dumps(committed(name))
    assert "vnd.jupyter.widget" not in text
    assert "widgets" not in committed(name)["metadata"]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_nothing_of_the_run_is_stored(name: str) -> None:
    """No time, no path, no machine: the same on every computer."""
    notebook = committed(name)
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    for cell in notebook["cells"]:
        assert set(cell["metadata"]) <= {"jupyter", "tags"}
        assert not any(output["output_type"] == "stream" for output in cell.get("outputs", ()))
    assert not re.search(r"/(?:home|root|tmp|Users)/|0x[0-9a-f]{8,}", json.dumps(notebook))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_cells_are_those_that_the_words_make(name: str) -> None:
    built = stage.build(name) if name in LESSONS else other_pages.build(name)
    assert cells(committed(name)) == cells(built), "run: make notebooks"


def cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"kind": cell["cell_type"], "id": cell["id"], "metadata": cell["metadata"], "source": "".join(cell["source"])}
        for cell in notebook["cells"]
    ]


def test_every_lesson_has_its_notebook() -> None:
    assert set(LESSONS) <= set(NOTEBOOKS)


def test_refreshing_twice_writes_the_same_bytes(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """And whatever mode, lab or journal the caller's shell has."""
    monkeypatch.setattr("lessonlib.build.places.notebooks_dir", lambda: tmp_path)
    monkeypatch.setattr("lessonlib.build.places.seals_dir", lambda: tmp_path / "seals")
    first = stage.refresh(LESSONS[:1])
    written = {path: path.read_bytes() for path in first}
    assert sorted(path.suffix for path in first) == [".ipynb", ".json"]
    monkeypatch.setenv("LESSON_AUTO", "truth")
    monkeypatch.setenv("LESSON_LAB", next(name for name in lab_names() if name != DEFAULT_LAB))
    assert stage.refresh(LESSONS[:1]) == []
    assert {path: path.read_bytes() for path in first} == written
