"""A dot placed and a function written in JupyterLab: by keyboard, in the open cell, and still there after a restart."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from lessonlib.build.notebooks import build, dumps, normalise
from tests.browser.harness import OpenNotebook, Watch
from tests.browser.learner import Learner
from tests.browser.server import Server
from tests.lesson.written_lesson import write_lesson

WRONG = "def size(config, times=1):\n    return config['wide'] * config['hihg']"
RIGHT = "def size(config, times=1):\n    return times * (config['wide'] * config['high'] + 50 * config['lid'])"
# Type into the open cell and run it, as a learner does.
RUN_CELL = """([source]) => { const { commands, shell } = window.jupyterapp; const { content } = shell.currentWidget;
  const index = content.widgets.findIndex(cell => cell.model.sharedModel.source.includes('lesson.write('));
  content.widgets[index].model.sharedModel.setSource(source);
  content.activeCellIndex = index;
  window.lessonCommand = commands.execute('notebook:run-cell'); }"""


def test_a_dot_a_function_and_the_end(
    open_notebook: OpenNotebook, server: Server, watch: Watch, tmp_path: Path
) -> None:
    write_lesson(server.root / "notebooks")
    name = write_lesson(tmp_path)
    file = tmp_path / "01-boxes.ipynb"
    file.write_text(dumps(normalise(build(name))), encoding="utf-8")
    notebook = open_notebook(file).run_all()
    assert notebook.cell_errors() == [], "a function that is not written yet fails no run"
    learner = Learner(notebook)
    learner.step_by_keyboard("where")
    expect(notebook.panel("my-roof").get_by_role("img")).to_have_attribute(
        "aria-label", "1 dot on a log-log roof of arithmetic rate over intensity: one step at 10 FLOP/byte, 20 FLOP/s."
    )
    own = notebook.panel("my-size")
    expect(own).to_contain_text("Not written yet")
    assert "2.05 kB" not in notebook.page.content(), "what the engine says is nowhere on the page"

    for source, said in (
        (WRONG, "Line 2: config has no key “hihg”; did you mean “high”?"),
        (RIGHT, "Within 1 % everywhere"),
    ):
        notebook.page.evaluate(RUN_CELL, [f'{source}\n\nlesson.write("my-size", size)'])
        notebook.page.evaluate("async () => { await window.lessonCommand; }")
        expect(notebook.panel("my-size")).to_contain_text(said)
    end = notebook.panel("closing")
    expect(end).to_contain_text("1 function of your own to write, 1 of them within 1 %")
    findings = {tone: notebook.theme(tone).accessibility_findings(".gp") for tone in ("dark", "light")}
    assert {tone: found for tone, found in findings.items() if found} == {}

    notebook.command("docmanager:save")
    notebook.restart(run_all=True)
    expect(notebook.panel("my-size")).to_contain_text("Within 1 % everywhere")
    expect(notebook.panel("where")).to_have_attribute("data-state", "observed")
    assert notebook.cell_errors() == [] and watch.errors == []
