"""What a learner waits for in JupyterLab: from a press to the drawn answer, and a slider under the hand."""

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
EVENTS, EVENTS_PER_SECOND = 60, 30
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
# Moves the slider at a steady rate and counts the frames that show something new.
SLIDE = """async (slider, [events, rate]) => {
  const panel = slider.closest('[data-lesson-id]');
  const picture = () => panel.innerText + [...panel.querySelectorAll('path')].map(p => p.getAttribute('d')).join();
  let drawn = 0, before = picture(), step = 1;
  for (let i = 0; i < events; i++) {
    const next = new Promise(resolve => setTimeout(resolve, 1000 / rate));
    if (slider.value === slider.max) step = -1;
    if (slider.value === slider.min) step = 1;
    slider.value = Number(slider.value) + step;
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    await new Promise(requestAnimationFrame);
    const now = picture();
    drawn += now !== before;
    before = now;
    await next;
  }
  return drawn;
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
            slider = notebook.panel(EXPLORER).locator("input[type=range]").first
            slider.scroll_into_view_if_needed()
            drawn = slider.evaluate(SLIDE, [EVENTS, EVENTS_PER_SECOND])
            yield Result(f"explorer: {EVENTS} events at {EVENTS_PER_SECOND}/s drawn", drawn, EVENTS, "", at_least=True)
        browser.close()
