"""The scripts of the panels come to a page once, whatever becomes of its kernel."""

from __future__ import annotations

from playwright.sync_api import expect

from lessonlib.show.scripts import panel_script, panel_style
from tests.browser.harness import OpenNotebook, Watch

LESSON, FIRST = "00-start-here", "how-fast-is-memory"
STYLES = "document.querySelectorAll('style[data-lesson-panels]').length"
EDITIONS = "globalThis.lessonPanels.size"
#: Over the websocket, for all panels of a lesson: scripts and styles once, and what the panels say. Twice would be more than that.
MOST_BYTES = 2.5 * (len(panel_script()) + len(panel_style()))


def test_they_come_once_and_outlive_run_all_reload_and_restart(open_notebook: OpenNotebook, watch: Watch) -> None:
    notebook = open_notebook(LESSON)
    page, received = notebook.page, []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda data: received.append(len(data))))
    notebook.reload()  # so that the socket is one that this test listens to
    notebook.run_all().wait_for_state(FIRST, "asked")
    assert 100_000 < sum(received) < MOST_BYTES

    notebook.run_all().wait_for_state(FIRST, "asked")
    assert (page.evaluate(STYLES), page.evaluate(EDITIONS)) == (1, 1), "a second run loads nothing again"

    notebook.reload().wait_for_state(FIRST, "asked")
    assert (page.evaluate(STYLES), page.evaluate(EDITIONS)) == (1, 1)
    expect(notebook.panel(FIRST).get_by_role("button", name="Commit")).to_be_visible()

    notebook.restart(run_all=True).wait_for_state(FIRST, "asked")
    assert (page.evaluate(STYLES), page.evaluate(EDITIONS)) == (1, 1)
    assert watch.errors == [] and notebook.cell_errors() == []


def test_a_panel_whose_hidden_widget_is_gone_says_what_to_do(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(LESSON).run_all()
    notebook.wait_for_state(FIRST, "asked")
    code = "lost = lesson.sources()\\nlost.scripts = 'gone'\\nlost"
    add = """code => { const {commands, shell} = window.jupyterapp; const content = shell.currentWidget.content;
      content.activeCellIndex = content.widgets.length - 1;
      return commands.execute('notebook:insert-cell-below').then(() => {
        content.activeCell.model.sharedModel.setSource(code.replaceAll('\\\\n', '\\n')); return commands.execute('notebook:run-cell'); }); }"""
    notebook.page.evaluate(add, code)
    notebook.page.get_by_text("This panel could not be loaded").wait_for()
