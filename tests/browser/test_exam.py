"""The sealed exam of a checkpoint in JupyterLab: five forecasts with their ranges, which open together."""

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
