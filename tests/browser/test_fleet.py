"""A fleet in JupyterLab: stepped from the keyboard without the kernel, readable in both themes and in a narrow window."""

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
  - fleet:
      id: the-fleet
      title: Two routers
      text: Who waits?
      compute: two_routers
instructor: |
  None.
"""
WORKINGS = '''
from lessonlib.course.shared.run_fleet import fleet_view_of
from lessonlib.serving import Fleet, Poisson, Sharing, Workload, simulate


def two_routers(lab):
    """The same requests behind two routers."""
    requests = Workload(60, 800, 40, Poisson(6.0), Sharing(system_tokens=320), seed=1)
    return [
        fleet_view_of(simulate(lab.system, requests, fleet=Fleet(replicas=3, router=name)), label=name, window_s=0.5)
        for name in ("round-robin", "prefix-aware")
    ]
'''


def write(folder: Path) -> Path:
    """A lesson of its own with a fleet, and a notebook that shows it."""
    return own_lesson(folder, "routers", LESSON, WORKINGS, 'lesson.fleet("the-fleet")')


def test_the_keyboard_steps_two_fleets_under_one_clock(
    open_notebook: OpenNotebook, watch: Watch, tmp_path: Path
) -> None:
    notebook = open_notebook(write(tmp_path)).run_all()
    panel = notebook.panel("the-fleet")
    slider = panel.get_by_role("slider", name="Simulated time")
    slider.press("Home")
    said = panel.locator(".tl-say")
    assert all(words.startswith("Window 1 of ") for words in said.all_inner_texts())
    panel.get_by_role("button", name="Step forward").press("Enter")
    assert all(words.startswith("Window 2 of ") and "requests/s" in words for words in said.all_inner_texts())
    slider.press("End")
    assert all(words.startswith("All ") for words in said.all_inner_texts())
    panel.get_by_text("The windows as a table").press("Enter")
    panel.locator(".tl-numbers tbody tr").nth(20).wait_for(state="attached")
    assert notebook.cell_errors() == [] and watch.errors == [], "no key reached the notebook"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_readable_and_fits(open_notebook: OpenNotebook, theme: str, tmp_path: Path) -> None:
    notebook = open_notebook(write(tmp_path)).theme(theme).run_all()
    panel = notebook.panel("the-fleet")
    panel.get_by_role("slider").press("PageDown")
    for width in (1280, 700):
        notebook.page.set_viewport_size({"width": width, "height": 720})
        panel.scroll_into_view_if_needed()
        inner, whole = panel.evaluate("(node) => [node.scrollWidth, node.clientWidth]")
        assert inner <= whole
        assert notebook.accessibility_findings('[data-lesson-id="the-fleet"]') == []
    notebook.page.set_viewport_size({"width": 1280, "height": 720})
