"""An explorer in JupyterLab: the kernel computes what the hand asks for, and nothing that nobody waits for."""

from __future__ import annotations

from pathlib import Path

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
  - explore:
      id: knobs
      title: Turn it
      text: Turn it.
      compute: squared
      drawing: lines
      knobs:
        - {name: side, label: Side, from: 1, to: 40, steps: 40, start: 1}
instructor: |
  None.
"""
WORKINGS = '''
import time
from lessonlib.draw.explored import Axis, Explored, Line

CALLS = []


def squared(lab, *, side: int) -> Explored:
    """A square of this side, slowly."""
    CALLS.append(side)
    time.sleep(0.2)
    return Explored(finding=f"{side} by {side} is {side * side}.", x=Axis("side"), y=Axis("area"), lines=[Line("area", [0, 40], [0, 1600])])
'''
DRAG = """async (slider) => {
  for (let value = 2; value <= 40; value += 1) {
    slider.value = value - 1;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    await new Promise((next) => setTimeout(next, 10));
  }
}"""


def write(folder: Path) -> Path:
    """A lesson of its own with an explorer, and a notebook that shows it and then counts what was computed."""
    count = "[m for n, m in sys.modules.items() if n.endswith('.workings') and hasattr(m, 'CALLS')][0].CALLS"
    return own_lesson(
        folder, "squares", LESSON, WORKINGS, 'lesson.explore("knobs")', f"import sys\nprint('computed', {count})"
    )


def test_the_kernel_computes_the_newest_setting_and_skips_what_nobody_waits_for(
    open_notebook: OpenNotebook, watch: Watch, tmp_path: Path
) -> None:
    notebook = open_notebook(write(tmp_path)).run_all()
    panel = notebook.panel("knobs")
    panel.get_by_text("1 by 1 is 1.", exact=True).first.wait_for()
    panel.get_by_role("slider", name="Side").evaluate(DRAG)
    panel.locator(".exp-finding").get_by_text("40 by 40 is 1600.", exact=True).wait_for()
    notebook.wait_for_kernel()
    notebook.cell("computed").click()
    notebook.command("notebook:run-cell")
    output = notebook.page.locator(".jp-OutputArea-output", has_text="computed").last
    output.get_by_text("40]").wait_for()
    computed = [int(side) for side in output.inner_text().partition("[")[2].strip(" ]\n").split(",")]
    assert computed[0] == 1 and computed[-1] == 40 and computed == sorted(set(computed))
    assert len(computed) < 20, "39 settings went by; while one was computed only the newest waited"
    slider = panel.get_by_role("slider", name="Side")
    slider.press("Home")
    panel.locator(".exp-finding").get_by_text("1 by 1 is 1.", exact=True).wait_for()
    assert slider.get_attribute("aria-valuetext") == "1" and notebook.cell_errors() == [] and watch.errors == []
