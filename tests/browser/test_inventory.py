"""The inventory in JupyterLab: a coin at the start, one form kept without an answer, the other one, then the answers to both."""

from __future__ import annotations

from playwright.sync_api import expect

from lessonlib.lesson.form import FORMS
from lessonlib.lesson.lesson import Lesson
from lessonlib.record.journal import Journal
from lessonlib.roofline import load_lab
from lessonlib.show.blocks import BLOCKS
from tests.browser.harness import OpenNotebook, Watch
from tests.browser.learner import Learner
from tests.browser.server import Server


def test_kept_at_first_and_revealed_after_the_second_form(
    open_notebook: OpenNotebook, server: Server, watch: Watch
) -> None:
    first, second = FORMS
    notebook = open_notebook(first).run_all()
    learner = Learner(notebook)
    notebook.panel("inventory").get_by_role("button", name="Toss a coin").click()
    expect(notebook.panel("inventory")).to_contain_text("The coin fell on form")
    other = Lesson(second, load_lab(), Journal(server.journal), BLOCKS)
    here = Lesson(first, load_lab(), None, BLOCKS)
    assert other.form and here.form
    asked = [item.id for item in here.form.items]
    for number, question in enumerate(asked, 1):
        learner.commit(question)
        kept = f"{number} of 12 kept" if number < len(asked) else "once the other form is done"
        expect(notebook.panel(question)).to_contain_text(kept)
        expect(notebook.panel(question).get_by_role("button", name="Reveal", exact=True)).to_have_count(0)
        expect(notebook.panel(question).get_by_role("button", name="Skip")).to_have_count(0)
    expect(notebook.panel("inventory")).to_contain_text("12 of 12 kept")
    findings = {tone: notebook.theme(tone).accessibility_findings(".gp") for tone in ("dark", "light")}
    assert {tone: found for tone, found in findings.items() if found} == {}
    for item in other.form.items:
        other.handle(item.id, {"event": "commit", "guess": item.step.question.right(), "confidence": 1})
    again = open_notebook(first).run_all()
    expect(again.panel("inventory")).to_contain_text("Before and after, idea by idea")
    panel = again.panel(asked[0])
    panel.get_by_role("button", name="Reveal", exact=True).click()
    expect(panel).to_contain_text("bandwidth")
    assert again.cell_errors() == [] and watch.errors == []
