"""What a learner waits for in JupyterLab: from a press to the drawn answer, and a knob under the hand."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from shutil import copy
from statistics import median

from playwright.sync_api import Locator, sync_playwright

from benchmarks.result import Result
from lessonlib.base.paths import data_dir
from tests.browser.harness import Notebook
from tests.browser.learner import Learner
from tests.browser.server import running
from tests.browser.test_lessons import questions
from tests.conftest import CHROMIUM_FLAGS, chromium_path

LESSON = "01-prefill-vs-decode"
EXPLORER = "knobs"
MOVES = 24
# Milliseconds from the press of a button until the panel has left its state and the browser has drawn it.
PRESS = """(button) => new Promise(resolve => {
  const panel = button.closest('[data-lesson-id]');
  const begun = performance.now();
  new MutationObserver((_, watcher) => {
    watcher.disconnect();
    requestAnimationFrame(() => resolve(performance.now() - begun));
  }).observe(panel, { attributes: true, attributeFilter: ['data-state'] });
  button.click();
})"""
# Moves a knob, one stop after another, and waits each time until the kernel's answer is drawn: milliseconds of each.
TURN = """async (slider, moves) => {
  const finding = slider.closest('[data-lesson-id]').querySelector('.exp-finding');
  const times = [];
  let step = 1;
  for (let i = 0; i < moves; i++) {
    if (slider.value === slider.max) step = -1;
    if (slider.value === slider.min) step = 1;
    const drawn = new Promise((resolve) => new MutationObserver((_, watcher) => {
      watcher.disconnect();
      requestAnimationFrame(() => resolve());
    }).observe(finding, { childList: true, characterData: true, subtree: true }));
    const begun = performance.now();
    slider.value = Number(slider.value) + step;
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    await drawn;
    times.push(performance.now() - begun);
    await new Promise((next) => setTimeout(next, 50));
  }
  return times;
}"""


def _press(button: Locator) -> float:
    return button.evaluate(PRESS)


def _reveals(notebook: Notebook) -> tuple[list[float], list[float]]:
    """Milliseconds of every commit and every reveal of the lesson."""
    learner, commits, reveals = Learner(notebook), [], []
    for question, _ in questions(LESSON):
        panel = learner.fill(question)
        commits.append(_press(panel.locator("button.gp-primary")))
        notebook.page.wait_for_timeout(
            200
        )  # as a learner would: the answers of one step are all in before the next press
        reveals.append(_press(panel.get_by_role("button", name="Reveal", exact=True)))
        notebook.page.wait_for_timeout(200)
    return commits, reveals


def measure() -> Iterator[Result]:
    """One pass through the lesson; medians over its questions. Nothing where there is no Chromium."""
    path = chromium_path()
    if path is None:
        print("browser: skipped, no Chromium on the PATH")
        return
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        root = Path(folder) / "root"
        root.mkdir()
        copy(data_dir().parent / "notebooks" / f"{LESSON}.ipynb", root)
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_FLAGS))
        with running(root, Path(folder)) as server:
            page = browser.new_page(viewport={"width": 1280, "height": 720})
            notebook = Notebook(page, server, f"{LESSON}.ipynb").open().run_all()
            commits, reveals = _reveals(notebook)
            for what, times in (("Commit pressed to drawn", commits), ("Reveal pressed to drawn", reveals)):
                yield Result(
                    f"{what}, median", median(times), 60, "ms", f"{len(times)} questions, slowest {max(times):.0f} ms"
                )
            explorer = notebook.panel(EXPLORER)
            explorer.locator(".exp-option").first.click()  # the guess: the knobs move once it is made
            explorer.locator(".exp-bench:not([disabled])").wait_for()
            for place, knob in enumerate(("batch", "tokens of the prompt")):
                slider = explorer.locator("input[type=range]").nth(place)
                slider.scroll_into_view_if_needed()
                times = slider.evaluate(TURN, MOVES)
                detail = f"{MOVES} moves, slowest {max(times):.0f} ms"
                yield Result(f"explorer: {knob} turned to drawn, median", median(times), 120, "ms", detail)
        browser.close()
