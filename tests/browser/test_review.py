"""The review as a learner meets it in JupyterLab: dealt from a journal of days ago, answered, broken off, gone on with."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import expect

from lessonlib.lesson.lesson import Lesson
from lessonlib.record.journal import Journal
from lessonlib.roofline import load_lab
from lessonlib.show.blocks import BLOCKS
from tests.browser.harness import Notebook, OpenNotebook
from tests.browser.server import Server

LESSON = "01-prefill-vs-decode"
MISSED = "what-decode-reads"  # answered wrong, and with certainty


class DaysAgo(Journal):
    """Records as they would be had the learner taken the lesson ten days ago."""

    def append(self, record: dict[str, Any]) -> None:
        super().append({**record, "time": (datetime.now(UTC) - timedelta(days=10)).isoformat()})


def taken(server: Server) -> None:
    """A journal in which lesson 1 was taken, right everywhere but at one step."""
    lesson = Lesson(LESSON, load_lab(), DaysAgo(server.journal), BLOCKS)
    for item in lesson.asked:
        if not item.only_kept:
            question = item.step.question
            item.step.answer(question.mistakes()[0][1] if item.id == MISSED else question.right())
            item.step.handle({"event": "grade", "grade": "missed"})


def sitting(notebook: Notebook) -> Any:
    return notebook.page.locator(f'.gp[data-lesson-id^="{LESSON}/"]')


def test_a_sitting_from_the_certain_miss_to_the_last_card(open_notebook: OpenNotebook, server: Server) -> None:
    taken(server)
    notebook = open_notebook("review").run_all()
    panel = sitting(notebook)
    panel.wait_for()
    expect(panel).to_have_attribute("data-lesson-id", f"{LESSON}/{MISSED}#0")
    next_card = panel.get_by_role("button", name="Next card")
    expect(next_card).to_have_attribute("aria-disabled", "true")
    place = next_card.bounding_box()

    panel.get_by_role("radio").first.check(force=True)
    panel.get_by_role("radio", name="certain", exact=True).check(force=True)
    panel.get_by_role("button", name="Commit").click()
    panel.get_by_role("button", name="Reveal").wait_for()
    expect(panel.get_by_role("button", name="Next card")).to_have_attribute("aria-disabled", "true")

    notebook.restart(run_all=True)  # in the middle of a card
    panel = sitting(notebook)
    panel.get_by_role("button", name="Reveal").click()
    expect(panel).to_have_attribute("data-state", re.compile("revealed|observed"))
    panel.get_by_role("button", name="Next card").click()
    expect(panel).not_to_have_attribute("data-lesson-id", re.compile(f"/{MISSED}#"))
    expect(panel.locator(".gp-title")).to_be_focused()
    again = panel.get_by_role("button", name="Next card").bounding_box()
    assert place and again and abs(place["x"] - again["x"]) < 2, "the button stays in its column"
    found = {tone: notebook.theme(tone).accessibility_findings(".gp") for tone in ("dark", "light")}
    assert {tone: findings for tone, findings in found.items() if findings} == {}

    while panel.count():
        panel.get_by_role("button", name="Skip to the answer").click()
        panel.get_by_role("button", name="Next card").and_(notebook.page.locator('[aria-disabled="false"]')).click()
        notebook.page.wait_for_timeout(300)
    expect(notebook.page.locator('.gp[data-lesson-id="sitting"]')).to_contain_text("Nothing more is due")
    expect(notebook.page.locator('.gp[data-lesson-id="overall"]')).to_contain_text("predictions made")
