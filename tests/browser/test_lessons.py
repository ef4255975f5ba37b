"""Lessons as a learner meets them in JupyterLab: closed, answered step by step, and still there afterwards."""

from __future__ import annotations

from collections import Counter

import pytest
from playwright.sync_api import TimeoutError as NotInTime

from lessonlib.lesson.source import lesson_names, load_source
from tests.browser.harness import Notebook, OpenNotebook, Watch
from tests.browser.learner import Learner

ASKED = ("predict", "recall", "blanks", "explain")  # what a learner answers before the next step opens
# A walk takes about a minute, and every lesson is made of the same panels: these two hold every kind of question.
WALKED = ("00-start-here", "01-prefill-vs-decode")
KEYBOARD_STEPS = 2  # of each kind; the others are answered with the mouse


def questions(lesson: str) -> list[tuple[str, str]]:
    """(id, kind) of what a lesson asks, in its order."""
    steps = [next(iter(step.items())) for step in load_source(lesson)["steps"]]
    return [(body["id"], body.get("kind", name)) for name, body in steps if name in ASKED]


STATES = "Object.fromEntries([...document.querySelectorAll('[data-lesson-id]')].map(p => [p.dataset.lessonId, p.dataset.state]))"


def states(notebook: Notebook) -> dict[str, str]:
    """The state of every panel, by its id."""
    return notebook.page.evaluate(STATES)


def wait_for_states(notebook: Notebook, expected: dict[str, str]) -> None:
    """Wait until every panel is back in its state; the widgets of a page come one after another."""
    try:
        notebook.page.wait_for_function(
            f"expected => Object.entries(expected).every(([id, state]) => {STATES}[id] === state)",
            arg=expected,
            timeout=20_000,
        )
    except NotInTime:
        assert states(notebook) == expected


def answer_everything(notebook: Notebook, lesson: str) -> None:
    """Two steps of each kind by keyboard, the others by mouse, in the order of the lesson."""
    learner, met = Learner(notebook), Counter()
    for question, kind in questions(lesson):
        notebook.wait_for_state(question, "asked")
        met[kind] += 1
        if met[kind] <= KEYBOARD_STEPS:
            learner.step_by_keyboard(question)
        elif learner.reveal(question).get_attribute("data-state") == "revealed":
            learner.observe(question)


def test_the_walks_meet_every_kind_of_question() -> None:
    kinds = {lesson: {kind for _, kind in questions(lesson)} for lesson in lesson_names()}
    elsewhere = {"place", "range", "settings"}  # see test_own_work.py and test_exam.py
    assert set().union(*kinds.values()) <= kinds[WALKED[0]] | kinds[WALKED[1]] | elsewhere


def accessibility_findings(notebook: Notebook) -> dict[str, list[str]]:
    """What is wrong with the panels in the dark and in the light theme; empty if nothing is."""
    found = {tone: notebook.theme(tone).accessibility_findings(".gp") for tone in ("dark", "light")}
    return {tone: findings for tone, findings in found.items() if findings}


@pytest.mark.parametrize("lesson", WALKED)
def test_a_learner_goes_through_the_lesson(lesson: str, open_notebook: OpenNotebook, watch: Watch) -> None:
    notebook = open_notebook(lesson).run_all()
    first, *later = [question for question, _ in questions(lesson)]
    notebook.wait_for_state(first, "asked")
    before = states(notebook)
    assert notebook.cell_errors() == []
    assert {question: before[question] for question in later if before[question] != "locked"} == {}

    answer_everything(notebook, lesson)
    after = states(notebook)
    assert [question for question, state in after.items() if state == "locked"] == []
    assert accessibility_findings(notebook) == {}

    wait_for_states(notebook.reload(), after)
    wait_for_states(notebook.restart(run_all=True), after)
    assert notebook.cell_errors() == []
    assert watch.errors == []


@pytest.mark.parametrize("lesson", WALKED)
def test_the_lesson_is_accessible_before_and_after_a_reveal(lesson: str, open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(lesson).run_all()
    question = questions(lesson)[0][0]
    notebook.wait_for_state(question, "asked")
    assert accessibility_findings(notebook) == {}
    Learner(notebook).reveal(question)
    assert accessibility_findings(notebook) == {}


# Presses Reveal in the instant in which it appears, before Python's word that the commit is done can be there.
REVEAL_AT_ONCE = """id => {
  const panel = document.querySelector(`[data-lesson-id="${id}"]`);
  new MutationObserver((_, watcher) => {
    if (panel.dataset.state !== 'committed') return;
    watcher.disconnect();
    panel.querySelector('.gp-reveal-button').click();
  }).observe(panel, { attributes: true, attributeFilter: ['data-state'] });
  panel.querySelector('button.gp-primary').click();
}"""
HOLDS_FOCUS = 'id => Boolean(document.activeElement.closest(`[data-lesson-id="${id}"]`))'


def test_a_quick_second_press_keeps_focus_and_announcement(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(WALKED[0]).run_all()
    question = questions(WALKED[0])[0][0]
    panel = Learner(notebook).fill(question)
    notebook.page.evaluate(REVEAL_AT_ONCE, question)
    notebook.wait_for_state(question, "revealed", "observed")
    notebook.page.wait_for_function(HOLDS_FOCUS, arg=question, timeout=5000)
    said = panel.locator("output").inner_text()
    assert said and not said.startswith("Your guess is kept")
