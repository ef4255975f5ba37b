"""A monitor in JupyterLab: closed until its step is revealed, read by keyboard and in both themes, and kept out of the stored file."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from lessonlib.build.notebooks import build, dumps, execute, normalise
from tests.browser.harness import OpenNotebook, Watch
from tests.browser.learner import Learner
from tests.browser.server import Server
from tests.lesson.written_lesson import write_lesson

INCIDENT = '''
from lessonlib.course.shared.run_monitor import monitor_of
from lessonlib.draw.monitor import Monitor
from lessonlib.roofline import Lab, load_lab
from lessonlib.serving import Poisson, Scheduler, fixed, simulate


def incident(lab: Lab) -> Monitor:
    """A minute in which more came than the seats could hold."""
    work = fixed(prompt=2000, output=300, requests=500, arrivals=Poisson(5.0), seed=3)
    run = simulate(load_lab("qwen3-32b-h200").system, work, Scheduler(max_num_seqs=16))
    return monitor_of(run, charts=("running", "waiting", "kv_usage", "ttft_p99"), from_s=20, until_s=80)
'''
ENTRY = """  - monitor: {id: on-call, title: "On call", text: "When did it begin?", compute: incident}
instructor: none"""


def lesson_in(folder: Path) -> Path:
    """The small lesson with an incident at its end."""
    words = Path(write_lesson(folder, **{"instructor: none": ENTRY}))
    (folder / "on_call.py").write_text(INCIDENT, encoding="utf-8")
    return words


def test_the_monitor_opens_with_its_step_and_the_keyboard_reads_all_charts(
    open_notebook: OpenNotebook, server: Server, watch: Watch, tmp_path: Path
) -> None:
    lesson_in(server.root / "notebooks")
    words = lesson_in(tmp_path)
    stored = normalise(execute(build(str(words)), folder=words.parent))
    (cell,) = [cell for cell in stored["cells"] if 'lesson.monitor("on-call")' in "".join(cell["source"])]
    kept = dumps({"outputs": cell["outputs"]})
    assert len(kept) < 2_000 and "seal" in kept and "Requests waiting" not in kept
    file = tmp_path / "01-boxes.ipynb"
    file.write_text(dumps(stored), encoding="utf-8")
    notebook = open_notebook(file).run_all()
    panel = notebook.panel("on-call")
    expect(panel).to_have_attribute("data-state", "locked")
    Learner(notebook).step_by_keyboard("where")
    expect(panel.locator(".mon-chart")).to_have_count(4)
    slider = panel.get_by_role("slider", name="Read all charts at")
    slider.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", "09:00:30")
    slider.press("ArrowRight")
    expect(panel.locator(".mon-clock")).to_have_text("09:00:40")
    expect(panel.locator(".mon-value").first).to_have_text("16")
    expect(panel.locator(".mon-lines [aria-current]")).to_contain_text("09:00:40 Engine 000: Avg prompt throughput")
    panel.get_by_text("The numbers that are drawn").press("Enter")
    expect(panel.get_by_role("row").nth(2)).to_contain_text("09:00:40")
    findings = {tone: notebook.theme(tone).accessibility_findings(".gp") for tone in ("dark", "light")}
    assert {tone: found for tone, found in findings.items() if found} == {}
    assert notebook.cell_errors() == [] and watch.errors == []
