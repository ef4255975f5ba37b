"""The Hub through the browser: an instructor and three learners log in, and one class goes from the first vote to the report."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.hall import PHONE, choose, headline
from tests.browser.harness import Notebook, Watch
from tests.browser.made import write_notebook
from tests.browser.test_class_bar import OPEN, answer, step
from tests.deploy.hub_trial import Trial, running
from tests.lesson.shipped import LESSON, opened

QUESTION = "what-decode-reads"
PATIENCE_MS, USUAL_MS = 120_000, 5_000  # a slow machine under load; a test that passes never waits this long


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    with running(tmp_path_factory.mktemp("hub")) as found:
        yield found


@pytest.fixture
def opens(browser: Browser, watch: Watch) -> Iterator[Any]:
    """A browser of its own for each person."""
    expect.set_options(timeout=PATIENCE_MS)
    with ExitStack() as stack:

        def one(size: dict[str, int] | None = None) -> Page:
            context = stack.enter_context(
                browser.new_context(viewport=size or {"width": 1280, "height": 720}, reduced_motion="reduce")
            )
            context.set_default_timeout(PATIENCE_MS)
            page = context.new_page()
            page.on("dialog", lambda dialog: dialog.accept())
            watch.follow(page)
            return page

        yield one
    expect.set_options(timeout=USUAL_MS)


def logs_in(page: Page, trial: Trial, name: str, whose: str = "") -> None:
    """By the form of the Hub, wherever it came up."""
    page.locator("input[name=username]").fill(name)
    page.locator("input[name=password]").fill(trial.password(whose))
    page.locator("input[type=submit], button[type=submit]").first.click()


def gets_a_server(page: Page, trial: Trial, name: str, whose: str = "") -> None:
    """Log in, and wait until JupyterLab is there with the start page of the course."""
    settings = trial.state / "learners" / name / ".jupyter" / "jupyter_lab_config.json"
    settings.parent.mkdir(parents=True)
    settings.write_text('{"LabApp": {"expose_app_in_browser": true}}', encoding="utf-8")
    page.goto(f"{trial.url}/hub/login")
    logs_in(page, trial, name, whose)
    page.wait_for_url(f"**/user/{name}/lab/tree/00-start-here.ipynb**")
    expect(page.locator(".jp-Notebook .jp-MarkdownCell").first).to_be_visible()


@dataclass(frozen=True)
class OwnLab:
    """The JupyterLab that the Hub starts for a person, logged in already."""

    trial: Trial
    who: str

    def address(self, notebook: str) -> str:
        return f"{self.trial.url}/user/{self.who}/lab/tree/{notebook}?reset"


def runs_all(page: Page, trial: Trial, who: str, notebook: str, shows: str) -> Locator:
    """Open a notebook and run all cells once its kernel is connected; the panel of the question that it shows."""
    opened = Notebook(page, OwnLab(trial, who), notebook).open().run_all()
    panel = opened.panel(shows)
    panel.wait_for(state="attached")
    return panel


def test_three_learners_and_one_class(trial: Trial, opens: Any, watch: Watch) -> None:
    question = opened().items[QUESTION].step.question
    right, wrong = question.right(), question.mistakes()[0][1]
    keys = [option["key"] for option in question.ask()["options"]]
    teacher, ben = opens(), opens()
    ada, cleo = opens(PHONE), opens(PHONE)

    gets_a_server(teacher, trial, "teacher", "teacher-")
    bar = runs_all(teacher, trial, "teacher", f"{LESSON}.ipynb", QUESTION).locator(".gp-class")
    expect(bar).to_contain_text("Ask this one")
    step(bar, "Ask this one", "The class is here")

    for phone, name in ((ada, "ada"), (cleo, "cleo")):  # by the Hub's login, which comes up by itself
        phone.goto(f"{trial.class_url}/login")
        logs_in(phone, trial, name)
        phone.wait_for_url(f"**/services/class/{trial.code}")
        headline(phone, "You are in")
    gets_a_server(ben, trial, "ben")
    folder = Path(trial.state / "learners" / "ben" / "predict-first")
    write_notebook(folder / "mine.ipynb", OPEN, f'lesson.join("{trial.code}")', f'lesson.predict("{QUESTION}")')
    pupil = runs_all(ben, trial, "ben", "mine.ipynb", QUESTION)
    expect(ben.locator("body")).to_contain_text(f"You are in the class {trial.code}.")

    step(bar, "Open the vote", "First vote is open")
    for phone, key in ((ada, wrong), (cleo, right)):
        headline(phone, "Your answer")
        choose(phone, keys.index(key))
    answer(pupil, wrong, "certain")
    expect(bar).to_contain_text("3 of 3 voted")
    step(bar, "Close the vote", "First vote is closed")
    step(bar, "Show the votes", "The votes are shown")
    assert "%" not in ada.locator("main").inner_text(), "three are too few for shares"
    step(bar, "Reveal to the class", "Revealed")
    expect(cleo.locator("main .gp-headline")).to_have_text("Right")
    expect(ada.locator("main .gp-headline")).not_to_have_text("Right")

    teacher.goto(f"{trial.class_url}/lead")
    expect(teacher.locator("body")).to_contain_text("Report")
    teacher.goto(f"{trial.class_url}/report")
    expect(teacher.locator("h1")).to_contain_text("Class report")
    expect(teacher.locator("body")).to_contain_text("3 voters joined, 1 question was voted on.")
    ada.goto(f"{trial.class_url}/report")  # a learner gets no report
    expect(ada.locator("body")).not_to_contain_text("voters joined")
