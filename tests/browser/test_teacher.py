"""The teacher in JupyterLab: guess, ask, watch the answer come in, stop it, and find it again after a restart."""

from __future__ import annotations

import threading
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Locator

from tests.browser.clicks import KERNEL
from tests.browser.harness import Notebook, OpenNotebook, Watch
from tests.browser.learner import FOCUSED
from tests.teacher.teacher_standin import KEY, TeacherStandIn, teaching

NOTE = "closing"
ANSWER = [
    "Memory. ",
    "Every token ",
    "fetches all weights.\n\n",
    "<img src=x onerror=\"document.title='gone'\">",
    "<b>bold</b>",
    "<script>document.title='gone'</script>",
    " That ",
    "is all.",
]
PATIENCE_S = 60
COUNTING = 'runs = globals().get("runs", 0) + 1\nprint(f"run {runs}")'


def write_notebook(folder: Path, url: str) -> Path:
    """The end of lesson 1 alone, with an endpoint in the kernel's environment."""
    path = folder / "teacher.ipynb"
    setting = f'import os\nos.environ["LESSONLIB_TEACHER_URL"] = "{url}"\nos.environ["LESSONLIB_TEACHER_KEY"] = "{KEY}"'
    cells = [
        setting,
        'import lessonlib\nlesson = lessonlib.open_lesson("01-prefill-vs-decode")',
        f'lesson.closing("{NOTE}")',
        COUNTING,
    ]
    nbformat.write(new_notebook(cells=[new_code_cell(cell) for cell in cells], metadata=KERNEL), path)
    return path


def ask(panel: Locator, question: str, guess: str) -> None:
    """By keyboard: the question, Tab, the guess, Enter."""
    panel.get_by_role("textbox", name="Your note").fill(question)
    panel.page.keyboard.press("Tab")
    panel.page.keyboard.type(guess)
    panel.page.keyboard.press("Enter")


def wait_for_answer(panel: Locator, text: str) -> Locator:
    found = panel.locator(".gp-teacher-text").filter(has_text=text)
    found.wait_for()
    return found


def test_a_question_to_the_teacher(open_notebook: OpenNotebook, watch: Watch, tmp_path: Path) -> None:
    go = threading.Event()
    standin = TeacherStandIn(
        pieces=ANSWER,
        ttft_s=0.2,
        itl_s=0.02,
        hold=lambda: go.wait(PATIENCE_S),
        usage={"prompt_tokens": 900, "completion_tokens": len(ANSWER)},
    )
    with teaching(standin) as server:
        notebook = open_notebook(write_notebook(tmp_path, server.url)).run_all()
        panel = notebook.wait_for_state(NOTE, "asked")
        title = notebook.page.title()
        refused_without_a_guess(panel, server)
        streams_while_other_cells_run(notebook, panel)
        go.set()
        shows_its_clocks(notebook, panel)
        assert (
            notebook.page.title() == title
            and panel.locator(".gp-teacher img, .gp-teacher b, .gp-teacher script").count() == 0
        )
        go.clear()
        stops(panel)
        survives_a_restart(notebook, panel, go)
    assert [error for error in watch.errors if "kernel" not in error.lower()] == []
    assert KEY not in notebook.server.journal.read_text(encoding="utf-8")


def refused_without_a_guess(panel: Locator, server: TeacherStandIn) -> None:
    ask(panel, "Why is decode slow?", "300")
    panel.get_by_role("alert").filter(has_text="ms or s").wait_for()
    assert panel.locator(".gp-ttft").evaluate("box => box === document.activeElement")
    assert (
        server.requests == [] and panel.get_by_role("textbox", name="Your note").input_value() == "Why is decode slow?"
    )
    panel.locator(".gp-ttft").fill("")


def streams_while_other_cells_run(notebook: Notebook, panel: Locator) -> None:
    ask(panel, "Why is decode slow?", "300 ms")
    wait_for_answer(panel, "fetches all weights")
    assert panel.page.evaluate(FOCUSED) == "Stop"
    assert panel.locator(".gp-ask").get_attribute("aria-disabled") == "true"
    notebook.cell("globals()").click()
    notebook.command("notebook:run-cell")
    notebook.page.locator('[data-mime-type="application/vnd.jupyter.stdout"]').filter(has_text="run 2").wait_for()
    assert panel.locator(".gp-stop").is_visible(), "the answer is still coming in"
    panel.locator(".gp-stop").focus()


def shows_its_clocks(notebook: Notebook, panel: Locator) -> None:
    panel.get_by_role("table").wait_for()
    assert panel.locator(".gp-teacher-text").inner_text().endswith("</script> That is all.")
    assert panel.locator(".gp-teacher-text p").count() == 2
    assert [row.inner_text() for row in panel.locator("tbody th").all()] == ["Time to first token", "Prefill", "Decode"]
    assert "You said 300 ms" in panel.locator(".gp-teacher-end").inner_text()
    assert panel.locator(".gp-teacher-end").evaluate("end => end === document.activeElement"), (
        "Stop is gone, so the focus is on how it ended"
    )
    assert "End of the answer" in panel.locator("output").inner_text()
    found = {tone: notebook.theme(tone).accessibility_findings(".gp") for tone in ("dark", "light")}
    assert found == {"dark": [], "light": []}


def stops(panel: Locator) -> None:
    ask(panel, "And with more requests?", "2 s")
    wait_for_answer(panel, "fetches all weights")
    panel.get_by_role("button", name="Stop").click()
    panel.locator(".gp-teacher-problem").filter(has_text="You stopped").wait_for()
    assert panel.get_by_text("The question before").count() == 1


def survives_a_restart(notebook: Notebook, panel: Locator, go: threading.Event) -> None:
    ask(panel, "What if the kernel dies?", "1 s")
    wait_for_answer(panel, "fetches all weights")
    notebook.page.wait_for_timeout(1500)  # what came is kept once a second
    notebook.restart(run_all=True)
    panel = notebook.wait_for_state(NOTE, "committed")
    wait_for_answer(panel, "Memory. Every token fetches all weights.")
    assert "kernel ended" in panel.locator(".gp-teacher-problem").inner_text()
    assert panel.get_by_role("textbox", name="Your note").input_value() == "What if the kernel dies?"
    go.set()
