"""The sealed exams of the checkpoints in JupyterLab: forecasts with their ranges, and lines of settings, which open together."""

from __future__ import annotations

from playwright.sync_api import expect

from lessonlib.lesson.lesson import Lesson
from lessonlib.record.journal import Journal
from lessonlib.roofline import load_lab
from lessonlib.show.blocks import BLOCKS
from tests.browser.harness import OpenNotebook, Watch
from tests.browser.learner import Learner
from tests.browser.server import Server

LESSON = "checkpoint-1"


def test_five_forecasts_open_together(open_notebook: OpenNotebook, server: Server, watch: Watch) -> None:
    lesson = Lesson(LESSON, load_lab(), Journal(server.journal), BLOCKS)
    for item in lesson.asked:
        if not item.only_kept and not item.raw.get("exam"):
            item.step.answer(item.step.question.right())
    forecasts = [item.id for item in lesson.asked if item.raw.get("exam")]
    notebook = open_notebook(LESSON).run_all()
    learner = Learner(notebook)
    for number, system in enumerate(forecasts, 1):
        learner.commit(system)
        if number < len(forecasts):
            expect(notebook.panel(system)).to_contain_text(f"{number} of {len(forecasts)} committed")
            expect(notebook.panel(system).get_by_role("button", name="Reveal", exact=True)).to_have_count(0)
    for system in forecasts:
        panel = learner.reveal(system)
        expect(panel).to_contain_text("By the card")
        expect(panel).to_contain_text("range")
    findings = {tone: notebook.theme(tone).accessibility_findings(".gp") for tone in ("dark", "light")}
    assert {tone: found for tone, found in findings.items() if found} == {}
    assert notebook.cell_errors() == [] and watch.errors == []


def test_three_lines_open_together(open_notebook: OpenNotebook, server: Server, watch: Watch) -> None:
    """A line is edited, refused in one line, put back, committed with its forecasts; on a narrow screen too nothing is cut off."""
    lesson = Lesson("checkpoint-2", load_lab(), Journal(server.journal), BLOCKS)
    for item in lesson.asked:
        if not item.only_kept and not item.raw.get("exam"):
            item.step.answer(item.step.question.right())
    services = [item.id for item in lesson.asked if item.raw.get("exam")]
    notebook = open_notebook("checkpoint-2").run_all()
    learner = Learner(notebook)
    panel = learner.fill(services[0])
    box = panel.get_by_role("textbox", name="Your line")
    today = box.input_value()
    box.fill(today + " --max-num-seq 8")
    panel.locator("button.gp-primary").click()
    expect(panel.get_by_role("alert").first).to_contain_text("did you mean --max-num-seqs?")
    expect(box).to_have_value(today + " --max-num-seq 8")
    panel.get_by_role("button", name="Back to the line of today").click()
    expect(box).to_have_value(today)
    for number, service in enumerate(services, 1):
        learner.commit(service)
        if number < len(services):
            expect(notebook.panel(service)).to_contain_text(f"{number} of {len(services)} committed")
    for service in services:
        panel = learner.reveal(service)
        expect(panel).to_contain_text("Settings:")
        expect(panel.get_by_role("group", name="TTFT p99")).to_contain_text("the truth")
        wide = panel.evaluate(
            "node => [...node.querySelectorAll('.gp-settings *')].filter(e => e.scrollWidth > e.clientWidth + 2 && getComputedStyle(e).overflowX === 'visible').length"
        )
        assert wide == 0
    findings = {tone: notebook.theme(tone).accessibility_findings(".gp") for tone in ("dark", "light")}
    assert {tone: found for tone, found in findings.items() if found} == {}
    assert notebook.cell_errors() == [] and watch.errors == []
