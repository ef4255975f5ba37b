"""A timeline in JupyterLab: played from the keyboard without the kernel, readable in both themes and in a narrow window."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.harness import OpenNotebook, Watch
from tests.browser.made import own_lesson

LESSON = """
number: 1
title: Made up
short: true
sources: {}
steps:
  - text: |
      # 1 · Made up
  - timeline:
      id: the-run
      title: Two ways to batch
      text: Who waits?
      compute: two_ways
instructor: |
  None.
"""
WORKINGS = '''
from lessonlib.course.shared.run_timeline import timeline_of
from lessonlib.serving import Request, Scheduler, Trace, simulate


def two_ways(lab):
    """The same eight requests in two ways."""
    requests = Trace(tuple(Request(0.02 * n, 200 + 300 * (n % 3), 10 + 15 * (n % 4)) for n in range(8)))
    return [
        timeline_of(simulate(lab.system, requests, Scheduler(batching=name, max_num_seqs=3), record="steps"), label=name)
        for name in ("static", "continuous")
    ]
'''


def write(folder: Path) -> Path:
    """A lesson of its own with a timeline, and a notebook that shows it."""
    return own_lesson(folder, "batches", LESSON, WORKINGS, 'lesson.timeline("the-run")')


def test_the_keyboard_plays_two_runs_under_one_clock(open_notebook: OpenNotebook, watch: Watch, tmp_path: Path) -> None:
    notebook = open_notebook(write(tmp_path)).run_all()
    panel = notebook.panel("the-run")
    slider = panel.get_by_role("slider", name="Simulated time")
    slider.press("Home")
    said = panel.locator(".tl-say")
    assert [words.partition(",")[0] for words in said.all_inner_texts()] == ["0.000 s: no step runs yet."] * 2
    panel.get_by_role("button", name="Step forward").press("Enter")
    first = said.all_inner_texts()
    assert all(words.startswith("Step 1 of ") and "request 0's prompt" in words for words in first)
    assert notebook.cell_errors() == [] and watch.errors == [], "no key reached the notebook"
    slider.press("End")
    slider.press("ArrowLeft")
    assert panel.get_by_role("button", name="Step forward").get_attribute("aria-disabled") == "false"
    panel.get_by_text("The requests as a table").press("Enter")
    assert panel.locator(".tl-numbers tbody tr").count() == 16


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_readable_and_fits(open_notebook: OpenNotebook, theme: str, tmp_path: Path) -> None:
    notebook = open_notebook(write(tmp_path)).theme(theme).run_all()
    panel = notebook.panel("the-run")
    panel.get_by_role("slider").press("PageDown")
    for width in (1280, 700):
        notebook.page.set_viewport_size({"width": width, "height": 720})
        panel.scroll_into_view_if_needed()
        inner, whole = panel.evaluate("(node) => [node.scrollWidth, node.clientWidth]")
        assert inner <= whole
        assert notebook.accessibility_findings('[data-lesson-id="the-run"]') == []
    notebook.page.set_viewport_size({"width": 1280, "height": 720})
