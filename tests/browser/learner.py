"""A learner in front of a notebook: fills in a panel of any kind, commits, reveals, by mouse or by keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Locator

from tests.browser.harness import Notebook

TYPED = {
    "number": "250",
    "explain": "Every token reads all the weights.",
    "note": "Why is that so?",
    "blanks": "memory",
}
# Where the focus is, as the learner would name it.
FOCUSED = "() => { const e = document.activeElement; return (e.getAttribute('aria-label') || e.textContent || e.type || e.tagName).trim(); }"
INSIDE = 'id => Boolean(document.activeElement.closest(`[data-lesson-id="${id}"]`))'
TAP = ".gp-tap-card"  # the answers to "what did it show?"
RANGE = ("20", "10", "40")  # a forecast, and the ends of its range
TABS = 80  # more than any panel has controls


def fill_boxes(panel: Locator, kind: str | None) -> None:
    """Type into every box of a panel that has nothing else; the line of settings stays as it is."""
    if kind in ("range", "settings"):
        boxes = panel.locator("input[type=text]").all()
        texts = list(RANGE) * (len(boxes) // len(RANGE))
    else:
        boxes = panel.get_by_role("textbox").all() if kind in TYPED else []
        texts = [TYPED[str(kind)]] * len(boxes)
    for box, text in zip(boxes, texts, strict=True):
        box.fill(text)


class Learner:
    """Answers the questions of an open notebook, with a guess that is well formed and nothing more."""

    def __init__(self, notebook: Notebook) -> None:
        self.notebook, self.page = notebook, notebook.page

    # --- by mouse --------------------------------------------------------------------------------------------

    def fill(self, question: str) -> Locator:
        """Fill in the guess of a question, and how sure; the panel is ready for Commit."""
        panel = self.notebook.wait_for_state(question, "asked")
        kind = panel.get_attribute("data-kind")
        if kind == "choice":
            panel.locator(".gp-option").first.click()
        elif kind == "curve":
            for handle in panel.get_by_role("slider").all():
                handle.press("ArrowUp")
        elif kind == "place":
            panel.get_by_role("slider").press("ArrowUp")
        elif kind == "number":
            panel.get_by_role("textbox", name=re.compile("^Your guess")).fill(TYPED[kind])
        else:
            fill_boxes(panel, kind)
        confidence = panel.get_by_role("group", name="How sure are you?")
        if confidence.count():
            confidence.locator("label").nth(1).click()
        return panel

    def commit(self, question: str) -> Locator:
        """Fill in and commit."""
        self.fill(question).locator("button.gp-primary").click()
        return self.notebook.wait_for_state(question, "committed")

    def reveal(self, question: str) -> Locator:
        """Commit if that is still to be done, then reveal."""
        if self.notebook.panel(question).get_attribute("data-state") == "asked":
            self.commit(question)
        self.notebook.panel(question).get_by_role("button", name="Reveal", exact=True).click()
        return self.notebook.wait_for_state(question, "revealed", "observed")

    def skip(self, question: str) -> Locator:
        """Skip to the answer."""
        self.notebook.panel(question).get_by_role("button", name="Skip to the answer").click()
        return self.notebook.wait_for_state(question, "revealed", "observed")

    def observe(self, question: str) -> Locator:
        """Say what it showed: the first answer that is offered."""
        self.notebook.panel(question).locator(TAP).first.click()
        return self.notebook.wait_for_state(question, "observed")

    # --- by keyboard -----------------------------------------------------------------------------------------

    def tab_to(self, question: str, name: str) -> None:
        """Press Tab until the control whose name starts with `name` has the focus, without leaving the panel."""
        self._tab_until(question, f"a control named {name!r}", lambda: self.page.evaluate(FOCUSED).startswith(name))

    def tab_into(self, question: str, selector: str) -> None:
        """Press Tab until the focus is on or in something that matches `selector`, without leaving the panel."""
        self._tab_until(
            question, selector, lambda: self.page.evaluate("s => Boolean(document.activeElement.closest(s))", selector)
        )

    def _tab_until(self, question: str, goal: str, reached: Callable[[], bool]) -> None:
        for _ in range(TABS):
            if not self.page.evaluate(INSIDE, question):
                break
            if reached():
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{question}: Tab does not reach {goal}")

    def keys(self, *keys: str) -> None:
        """Press keys one after another."""
        for key in keys:
            self.page.keyboard.press(key)

    def step_by_keyboard(self, question: str) -> None:
        """Guess, commit, reveal and, where it is asked, say what it showed, without a mouse."""
        panel = self.notebook.wait_for_state(question, "asked")
        panel.locator("input, textarea, button, [role=slider]").first.focus()
        self._guess_by_keyboard(panel, panel.get_attribute("data-kind"))
        self.tab_to(question, "Commit" if panel.get_by_role("button", name="Commit").count() else "I have said it")
        self.keys("Enter")
        self.notebook.wait_for_state(question, "committed")
        assert self.page.evaluate(FOCUSED) == "Reveal", "after Commit the focus is on Reveal"
        self.keys("Enter")
        self.notebook.wait_for_state(question, "revealed", "observed")
        assert self.page.evaluate(INSIDE, question), "after Reveal the focus is on the result"
        if panel.locator(TAP).count():
            self.tab_into(question, TAP)
            self.keys("Enter")
            self.notebook.wait_for_state(question, "observed")

    def _guess_by_keyboard(self, panel: Locator, kind: str | None) -> None:
        if kind == "choice":
            self.keys("Space", "ArrowDown")
        elif kind == "curve":
            for number in range(panel.get_by_role("slider").count()):
                self.keys(*(["Tab"] if number else []), "ArrowUp")
        elif kind == "place":
            self.keys("ArrowUp")
        elif kind == "blanks":
            for number in range(panel.get_by_role("textbox").count()):
                self.keys(*(["Tab"] if number else []))
                self.page.keyboard.type(TYPED[kind])
        elif kind in TYPED:
            self.page.keyboard.type(TYPED[kind])
        if panel.get_by_role("group", name="How sure are you?").count():
            self.tab_into(panel.get_attribute("data-lesson-id") or "", ".gp-confidence")
            self.keys("Space")
