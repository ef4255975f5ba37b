"""After Run All, a restart or a reload the learner stands where they stopped, not at the end of the notebook."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, WebSocketRoute, expect

from lessonlib.lesson.lesson import Lesson
from lessonlib.record.journal import Journal
from lessonlib.roofline import load_lab
from lessonlib.show.blocks import BLOCKS
from tests.browser.clicks import write_clicks
from tests.browser.harness import Notebook, OpenNotebook, Watch
from tests.browser.server import Server

LESSON = "01-prefill-vs-decode"
COMMAND = "lessonlib:continue"
ANSWERED = 3  # steps, from the first
# How far the top of a cell is below the top of the notebook, in pixels; null while it is not on the page.
TOP_OF = """index => {
  const { content } = window.jupyterapp.shell.currentWidget;
  const { node } = content.widgets[index];
  return node.isConnected ? node.getBoundingClientRect().top - content.node.getBoundingClientRect().top : null;
}"""
ACTIVE = "() => window.jupyterapp.shell.currentWidget.content.activeCellIndex"
# What a test waits for: the cell has stood still at the top for some looks.
STANDS = """index => {
  const { content } = window.jupyterapp.shell.currentWidget;
  const { node } = content.widgets[index];
  const top = node.isConnected ? node.getBoundingClientRect().top - content.node.getBoundingClientRect().top : NaN;
  window.stood = Math.abs(top - window.stoodAt) < 3 && top > -5 && top < 100 ? (window.stood ?? 0) + 1 : 0;
  window.stoodAt = top;
  return window.stood > 5;
}"""
CELL_AFTER = """id => 1 + window.jupyterapp.shell.currentWidget.content.widgets
  .findIndex(cell => cell.model.sharedModel.source.includes(`("${id}")`))"""


def some_steps_answered(server: Server) -> str:
    """A journal in which the first steps were answered; the last of them."""
    lesson = Lesson(LESSON, load_lab(), Journal(server.journal), BLOCKS)
    for item in lesson.steps[:ANSWERED]:
        item.step.answer(item.step.question.right())
    return lesson.steps[ANSWERED - 1].id


def stands_at(notebook: Notebook, index: int) -> None:
    notebook.page.wait_for_function(STANDS, arg=index, polling=120)
    assert notebook.page.evaluate(ACTIVE) == index


def hold_first_answer(page: Page) -> list[Callable[[], None]]:
    """Keep the kernel's first answer about the learner's place back: filled, when it has come, with what lets it through."""
    held: list[Callable[[], None]] = []

    def between(browser: WebSocketRoute) -> None:
        kernel = browser.connect_to_server()
        came = False

        def pass_on(message: str | bytes) -> None:
            nonlocal came
            raw = message.encode() if isinstance(message, str) else message
            if came or b"execute_reply" not in raw or b'"at"' not in raw:
                browser.send(message)
            else:
                came = True
                held.append(lambda: browser.send(message))

        kernel.on_message(pass_on)

    page.route_web_socket("**/channels?*", between)
    return held


def test_run_all_of_a_fresh_lesson_stays_at_the_top(open_notebook: OpenNotebook, watch: Watch) -> None:
    notebook = open_notebook(LESSON).run_all()
    stands_at(notebook, 0)
    assert watch.errors == []


def test_run_all_restart_and_reload_lead_to_what_follows_the_last_answer(
    open_notebook: OpenNotebook, server: Server, watch: Watch
) -> None:
    last = some_steps_answered(server)
    notebook = open_notebook(LESSON).run_all()
    index = notebook.page.evaluate(CELL_AFTER, last)
    stands_at(notebook, index)
    expect(notebook.cell("open_lesson(")).to_contain_text(f"You stopped at “Step {ANSWERED}”")

    notebook.restart(run_all=True)
    stands_at(notebook, index)

    notebook.reload()
    stands_at(notebook, index)
    assert watch.errors == [] and notebook.cell_errors() == []


def test_the_command_runs_a_lesson_after_a_restart_and_goes_on(open_notebook: OpenNotebook, server: Server) -> None:
    last = some_steps_answered(server)
    notebook = open_notebook(LESSON)
    index = notebook.page.evaluate(CELL_AFTER, last)
    notebook.restart()
    notebook.command(COMMAND)
    stands_at(notebook, index)
    notebook.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.scrollToItem(0, 'start')")
    notebook.command(COMMAND)
    stands_at(notebook, index)


def test_a_run_leads_there_while_the_kernel_still_answers_for_the_opening(
    open_notebook: OpenNotebook, server: Server, page: Page
) -> None:
    """A kernel that is asked where the lesson stands before it is run says that none is open, on a slow machine late."""
    last = some_steps_answered(server)
    late = hold_first_answer(page)
    notebook = open_notebook(LESSON)
    for _ in range(1200):  # what comes through the socket comes while the test waits on its page
        if late:
            break
        page.wait_for_timeout(50)
    assert late, "the opening asked the kernel, which answered"
    notebook.run_all()
    index = page.evaluate(CELL_AFTER, last)
    late.pop()()
    stands_at(notebook, index)


def test_who_scrolls_while_the_cells_run_is_left_alone(open_notebook: OpenNotebook, server: Server) -> None:
    some_steps_answered(server)
    notebook = open_notebook(LESSON)
    turn = "() => window.jupyterapp.shell.currentWidget.content.node.dispatchEvent(new WheelEvent('wheel', {bubbles: true}))"
    start = "() => { window.lessonCommand = window.jupyterapp.commands.execute('notebook:run-all-cells'); }"
    notebook.page.evaluate(start)
    notebook.page.evaluate(turn)
    notebook.page.evaluate("async () => { await window.lessonCommand; }")
    before = notebook.page.evaluate(ACTIVE)
    notebook.page.wait_for_timeout(1500)
    assert notebook.page.evaluate(ACTIVE) == before, "it stays where JupyterLab put it"


def test_the_command_is_there_for_lessons_alone(open_notebook: OpenNotebook, tmp_path: Path) -> None:
    enabled = f"() => window.jupyterapp.commands.isEnabled('{COMMAND}')"
    notebook = open_notebook(write_clicks(tmp_path)).run_all()
    assert not notebook.page.evaluate(enabled)
    assert open_notebook(LESSON).page.evaluate(enabled)
