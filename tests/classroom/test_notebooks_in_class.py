"""A class server, the instructor's lesson and a student's own, as their cells call them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lessonlib.classroom import class_file, client, joined
from lessonlib.record.journal import Journal
from lessonlib.show import in_class
from lessonlib.show.notebook import NotebookLesson, open_lesson
from lessonlib.show.panel import Panel
from tests.classroom.led import Led, Phone, leading
from tests.classroom.stub_server import wait_for

LESSON, FIRST, SECOND = "01-prefill-vs-decode", "what-decode-reads", "tensor-cores-busy"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Lines try again soon, this process remembers no class of another test, and everything lies in this test's folder."""
    monkeypatch.setattr(client, "LONGEST_WAIT_S", 0.2)
    monkeypatch.setenv("LESSON_JOURNAL", str(tmp_path / "journal.jsonl"))
    monkeypatch.delenv("LESSON_LAB", raising=False)
    monkeypatch.setattr(joined, "_here", {})
    yield
    for line in in_class._lines.values():
        line.stop()
    in_class._lines.clear()


@pytest.fixture
def a_class(tmp_path: Path) -> Iterator[Led]:
    with leading(tmp_path) as found:
        yield found


class Cells:
    """A notebook: its lesson, and the panels of two questions."""

    def __init__(self, journal: Journal, lab: str | None = None) -> None:
        self.lesson: NotebookLesson = open_lesson(LESSON, lab, journal=journal)
        self.panels: dict[str, Panel] = {question: self.lesson.predict(question) for question in (FIRST, SECOND)}

    def bar(self, question: str = FIRST) -> dict[str, Any]:
        return dict(self.panels[question].class_bar)

    def view(self, question: str = FIRST) -> dict[str, Any]:
        return dict(self.panels[question].view)

    def sends(self, event: str, question: str = FIRST, **more: Any) -> None:
        self.panels[question].handle({"event": event, **more})

    def right(self, question: str = FIRST) -> Any:
        return self.lesson._lesson.items[question].step.question.right()

    def wrong(self, question: str = FIRST) -> Any:
        return self.lesson._lesson.items[question].step.question.mistakes()[0][1]


@pytest.fixture
def instructor(a_class: Led) -> Cells:
    cells = Cells(Journal(None))
    wait_for(cells.bar, "a bar")
    return cells


@pytest.fixture
def student(a_class: Led, tmp_path: Path) -> Callable[[], Cells]:
    """A student's notebook, where no class is led from; called again, one after a restart of its kernel."""

    def opened() -> Cells:
        with pytest.MonkeyPatch.context() as elsewhere:
            elsewhere.setattr(class_file, "class_files", list)
            cells = Cells(Journal(tmp_path / "student" / "journal.jsonl"))
        said = cells.lesson.join(a_class.address)
        assert said.startswith(f"You are in the class {a_class.code}."), said
        return cells

    return opened


def steer(cells: Cells, do: str, question: str, phase_line: str) -> None:
    """Click, and wait for what the bar says then."""
    cells.sends("class", question, do=do)
    wait_for(lambda: cells.bar(question).get("line") == phase_line and cells.bar(question)["here"], phase_line)


def test_two_rounds(a_class: Led, instructor: Cells, student: Callable[[], Cells], tmp_path: Path) -> None:
    pupil, phones = student(), [Phone(a_class) for _ in range(2)]
    right, wrong = instructor.right(), instructor.wrong()
    assert instructor.bar()["buttons"] == [{"do": "next", "label": "Ask this one", "main": False}]
    steer(instructor, "next", FIRST, "The class is here")
    steer(instructor, "open", FIRST, "First vote is open")
    wait_for(lambda: pupil.bar().get("line", "").startswith("First vote"), "the open vote")
    pupil.sends("commit", guess=wrong, confidence=1)
    assert [phone.vote(FIRST, 1, guess) for phone, guess in zip(phones, (right, wrong), strict=True)] == [200, 200]
    wait_for(lambda: instructor.bar()["detail"] == "3 of 3 voted", "the count")
    wait_for(lambda: pupil.bar()["line"].startswith("Your vote is counted"), "the counted vote")
    assert pupil.view()["sealed"] and "shares" not in instructor.bar()
    steer(instructor, "close", FIRST, "First vote is closed")
    steer(instructor, "discuss", FIRST, "They talk it over")
    steer(instructor, "open2", FIRST, "Second vote is open")
    wait_for(lambda: pupil.view()["state"] == "asked", "the form once more")
    pupil.sends("commit", guess=right, confidence=2)
    assert [phone.vote(FIRST, 2, right) for phone in phones] == [200, 200]
    wait_for(lambda: instructor.bar()["detail"] == "3 of 3 voted", "the count")
    steer(instructor, "close", FIRST, "Second vote is closed")
    steer(instructor, "show", FIRST, "The votes are shown")
    wait_for(lambda: pupil.bar().get("shares"), "the shares")
    assert instructor.bar()["shares"]["kind"] == "few" and pupil.view()["sealed"]
    steer(instructor, "reveal", FIRST, "Revealed")
    wait_for(lambda: "sealed" not in pupil.view(), "the reveal")
    pupil.sends("reveal")
    assert pupil.view()["result"]["headline"] == "Right"
    records = Journal(tmp_path / "student" / "journal.jsonl").records()
    told = [(record["event"], record.get("class"), record.get("round")) for record in records]
    assert told == [("commit", a_class.code, 1), ("revote", a_class.code, 2), ("reveal", None, None)]
    state = a_class.state()
    assert {record["hash"] for record in records} == {state["poll"]["hash"]}
    assert not (tmp_path / "journal.jsonl").exists() or "class" not in (tmp_path / "journal.jsonl").read_text()


def test_kernels_and_the_server_restart_in_mid_vote(
    a_class: Led, instructor: Cells, student: Callable[[], Cells]
) -> None:
    pupil = student()
    steer(instructor, "next", FIRST, "The class is here")
    steer(instructor, "open", FIRST, "First vote is open")
    wait_for(lambda: pupil.bar().get("line", "").startswith("First vote"), "the open vote")
    pupil.sends("commit", guess=pupil.wrong(), confidence=1)
    wait_for(lambda: instructor.bar()["detail"] == "1 of 1 voted", "the vote")
    a_class.server.kill()
    wait_for(lambda: instructor.bar()["problem"] and not instructor.bar()["buttons"], "word of the trouble")
    a_class.start_again()
    wait_for(lambda: not instructor.bar()["problem"] and instructor.bar()["buttons"], "the class again")
    in_class._lines["join"].stop()
    joined._here.clear()
    pupil = student()
    wait_for(lambda: pupil.bar().get("line", "").startswith("Your vote is counted"), "the vote, known again")
    again = Cells(Journal(None))
    wait_for(lambda: again.bar().get("detail") == "1 of 1 voted", "the same voter, once")
    steer(again, "close", FIRST, "First vote is closed")


def test_a_class_that_begins_after_the_lesson_was_opened_is_led_from_the_next_cell_on(tmp_path: Path) -> None:
    lesson = open_lesson(LESSON, journal=Journal(None))
    assert dict(lesson.predict(FIRST).class_bar) == {}
    with leading(tmp_path):
        panel = lesson.predict(SECOND)
        wait_for(lambda: dict(panel.class_bar), "a bar")
        assert dict(lesson.predict(SECOND).class_bar) == dict(panel.class_bar), "a cell that runs again has it at once"


def test_a_stale_click_is_told(a_class: Led, instructor: Cells) -> None:
    steer(instructor, "next", FIRST, "The class is here")
    line = next(iter(in_class._lines.values()))
    assert isinstance(line, client.HostLine) and line.state is not None
    wait_for(lambda: not line.busy, "the end of the step")
    line.state = {**line.state, "seq": 0}
    instructor.sends("class", do="open")
    wait_for(lambda: "moved on" in instructor.bar()["problem"], "the word that it is stale")
    steer(instructor, "open", FIRST, "First vote is open")


def test_the_plan_goes_on_by_itself(a_class: Led, instructor: Cells) -> None:
    assert f"You lead the class {a_class.code} from here" in repr(instructor.lesson)
    plan = instructor.lesson.plan()
    assert isinstance(plan, Panel)
    wait_for(lambda: "Step 1" in plan.view["html"], "the plan")
    assert "<strong>Timing</strong>" in plan.view["html"] and "here now" not in plan.view["html"]
    steer(instructor, "next", SECOND, "The class is here")
    wait_for(lambda: "here now" in plan.view["html"], "where the class is")
    stored = plan._repr_mimebundle_()[0]
    assert "Timing" not in stored["text/plain"] + stored["text/html"], "no notes in a notebook's file"


def test_the_token_is_in_no_trait_and_no_repr(a_class: Led, instructor: Cells) -> None:
    steer(instructor, "next", FIRST, "The class is here")
    token = a_class.file["token"]
    plan = instructor.lesson.plan()
    for panel in (*instructor.panels.values(), plan):
        assert token not in str(panel.get_state()) and token not in str(panel._repr_mimebundle_())
    assert token not in repr(instructor.lesson)


def test_another_lab_is_told_in_one_line(a_class: Led) -> None:
    other = Cells(Journal(None), "llama-3.1-8b-a100-80gb")
    said = other.lesson.join(a_class.address)
    assert said.startswith("The class runs on another lab: open the lesson with open_lesson(") and "\n" not in said
    assert a_class.file["lab"] in repr(other.lesson) and other.bar() == {}
    assert other.lesson.plan().startswith("No class of this lesson is led from here.")


def test_what_cannot_be_joined_is_a_line(a_class: Led, instructor: Cells, tmp_path: Path) -> None:
    pupil = Cells(Journal(tmp_path / "student" / "journal.jsonl"))
    for address, word in (("", "http://host:8010/ABC234"), (f"{a_class.url}/222222", "No class here has this code")):
        assert word in pupil.lesson.join(address)
    assert open_lesson(LESSON, auto="truth").join(a_class.address) == "Nobody is here to join a class."
    assert pupil.lesson.leave() == "You are in no class."
    assert pupil.lesson.join(a_class.url, a_class.code).startswith("You are in the class")
    assert pupil.lesson.leave().startswith("You have left the class.")


def test_a_server_that_was_killed_leads_nothing(a_class: Led) -> None:
    a_class.server.kill()
    cells = Cells(Journal(None))
    assert "lead" not in repr(cells.lesson) and cells.bar() == {} and not in_class._lines


ALONE = """
import sys, threading
from lessonlib import open_lesson
lesson = open_lesson("01-prefill-vs-decode")
panel = lesson.predict("what-decode-reads")
panel.handle({"event": "commit", "guess": lesson._lesson.items["what-decode-reads"].step.question.right(), "confidence": 1})
panel.handle({"event": "reveal"})
print([name for name in sys.modules if name in ("httpx", "starlette", "uvicorn", "lessonlib.classroom.client", "lessonlib.show.in_class")])
print([thread.name for thread in threading.enumerate() if thread.name == "class"], panel.class_bar)
"""


def test_without_a_class_nothing_is_loaded_and_no_thread_runs(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["[]", "[] {}"]
