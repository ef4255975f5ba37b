"""A class in JupyterLab: the instructor steers two rounds from the bar below a question, a student votes from a notebook of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.harness import Notebook, OpenNotebook, Watch
from tests.browser.learner import FOCUSED
from tests.browser.made import write_notebook
from tests.browser.server import Server
from tests.classroom.led import Led, Phone, leading
from tests.lesson.shipped import LESSON, opened

FIRST, SECOND = "what-decode-reads", "tensor-cores-busy"
OPEN = f'import lessonlib\nlesson = lessonlib.open_lesson("{LESSON}")\nlesson'
PLAN = "plan-of-the-class"


@pytest.fixture
def a_class(open_notebook: OpenNotebook, server: Server) -> Iterator[Led]:
    """A class whose instructor has the account of this JupyterLab; the fixture before it has emptied its folder."""
    with leading(server.journal.parent) as led:
        yield led


@pytest.fixture
def second_page(context: BrowserContext, watch: Watch) -> Iterator[Page]:
    page = context.new_page()
    page.on("dialog", lambda dialog: dialog.accept())
    watch.follow(page)
    yield page
    page.close()


@pytest.fixture
def instructor(a_class: Led, open_notebook: OpenNotebook, tmp_path: Path) -> Notebook:
    shown = (f'lesson.predict("{question}")' for question in (FIRST, SECOND))
    return open_notebook(write_notebook(tmp_path / "instructor.ipynb", OPEN, *shown, "lesson.plan()")).run_all()


@pytest.fixture
def student(a_class: Led, server: Server, second_page: Page, tmp_path: Path) -> Notebook:
    """A notebook of another account, which has joined."""
    own = f'import os\nos.environ["LESSON_JOURNAL"] = "{tmp_path / "student" / "journal.jsonl"}"'
    cells = (own, OPEN, f'lesson.join("{a_class.address}")', f'lesson.predict("{FIRST}")')
    write_notebook(server.root / "notebooks" / "student.ipynb", *cells)
    return Notebook(second_page, server, "notebooks/student.ipynb").open().run_all()


def step(bar: Locator, label: str, then: str) -> None:
    """Click, and wait for what the bar says."""
    bar.get_by_role("button", name=label, exact=True).click()
    expect(bar.locator(".gp-class-line strong")).to_have_text(then)


def answer(panel: Locator, key: str, sure: str) -> None:
    panel.locator(f'.gp-option input[value="{key}"]').check()
    panel.locator(".gp-confidence label").filter(has_text=sure).click()
    panel.get_by_role("button", name="Commit").click()


def test_two_rounds_from_a_notebook(a_class: Led, instructor: Notebook, student: Notebook, watch: Watch) -> None:
    question = opened().items[FIRST].step.question
    right, wrong = question.right(), question.mistakes()[0][1]
    bar, other = (instructor.panel(question).locator(".gp-class") for question in (FIRST, SECOND))
    pupil, phones = student.panel(FIRST), [Phone(a_class) for _ in range(5)]
    expect(instructor.page.locator("body")).to_contain_text(f"You lead the class {a_class.code} from here")
    expect(student.page.locator("body")).to_contain_text(f"You are in the class {a_class.code}.")
    step(bar, "Ask this one", "The class is here")
    expect(other.get_by_role("button")).to_have_text(["Ask this one"])
    step(bar, "Open the vote", "First vote is open")
    assert instructor.page.evaluate(FOCUSED) == "Close the vote", "the focus goes to what comes next"
    answer(pupil, wrong, "fairly sure")
    assert [
        phone.vote(FIRST, 1, guess) for phone, guess in zip(phones, [right, wrong, wrong, right, wrong], strict=True)
    ] == [200] * 5
    expect(bar).to_contain_text("6 of 6 voted")
    expect(pupil).to_contain_text("Your vote is counted")
    expect(pupil.get_by_role("button", name="Reveal", exact=True)).to_have_count(0)
    step(bar, "Close the vote", "First vote is closed")
    assert "%" not in bar.inner_text() and "%" not in pupil.inner_text(), "no share before both rounds"
    step(bar, "Discuss", "They talk it over")
    step(bar, "Second vote", "Second vote is open")
    expect(pupil).to_contain_text("Your first guess")
    answer(pupil, right, "certain")
    assert [phone.vote(FIRST, 2, right) for phone in phones] == [200] * 5
    expect(bar).to_contain_text("6 of 6 voted")
    step(bar, "Close the vote", "Second vote is closed")
    step(bar, "Show the votes", "The votes are shown")
    for panel in (bar, pupil.locator(".gp-class")):
        expect(panel).to_contain_text("33 %")
        expect(panel).to_contain_text("100 %")
    step(bar, "Reveal to the class", "Revealed")
    pupil.get_by_role("button", name="Reveal", exact=True).click()
    expect(pupil.locator(".gp-headline")).to_have_text("Right")
    expect(instructor.panel(PLAN)).to_contain_text("revealed")
    step(other, "Ask this one", "The class is here")
    expect(bar.get_by_role("button")).to_have_text(["Go back to this one"])
    expect(instructor.panel(SECOND)).to_have_attribute("data-state", "asked")
    assert a_class.file["token"] not in instructor.page.content(), "no page holds the token"
    for notebook in (instructor, student):
        found = {tone: notebook.theme(tone).accessibility_findings(".gp") for tone in ("dark", "light")}
        assert found == {"dark": [], "light": []}
        assert notebook.cell_errors() == []
    assert watch.errors == []


def test_a_kernel_and_the_server_start_again(a_class: Led, instructor: Notebook) -> None:
    bar = instructor.panel(FIRST).locator(".gp-class")
    step(bar, "Ask this one", "The class is here")
    step(bar, "Open the vote", "First vote is open")
    assert Phone(a_class).vote(FIRST, 1, opened().items[FIRST].step.question.right()) == 200
    instructor.restart(run_all=True)
    expect(bar).to_contain_text("1 of 1 voted")
    a_class.server.kill()
    expect(bar.get_by_role("alert")).to_be_visible()
    expect(bar.get_by_role("button")).to_have_count(0)
    a_class.start_again()
    expect(bar.get_by_role("alert")).to_be_hidden()
    step(bar, "Close the vote", "First vote is closed")
