"""What each panel of an instructor says of the class, and what its buttons do."""

from __future__ import annotations

from typing import Any

import pytest

from lessonlib.classroom.heard import heard
from lessonlib.classroom.leading import Leading
from lessonlib.classroom.phases import PHASES, Phase, possible
from lessonlib.lesson.items import StepItem
from tests.classroom.stub_server import state
from tests.lesson.shipped import LESSON, opened

FIRST, SECOND = "what-decode-reads", "tensor-cores-busy"


class Host:
    """The line to a class without a network."""

    def __init__(self) -> None:
        self.state, self.fault, self.problem, self.over = heard(state()), "", "", False
        self.changed = lambda: None
        self.steps: list[tuple[str, str | None]] = []

    def start(self) -> None:
        """Nothing to follow."""

    def steer(self, event: str, question: str | None = None) -> None:
        self.steps.append((event, question))


class Led:
    """Lesson 1 with a class that is led from it."""

    def __init__(self) -> None:
        self.lesson, self.host, self.drawn = opened(), Host(), []
        self.leading = Leading(self.lesson, self.host, lambda item: self.drawn.append(item.id))
        self.phases: dict[str, Phase] = {}

    def at(self, phase: Phase, question: str = FIRST, **change: Any) -> None:
        self.phases[question] = phase
        items = [item for item in self.lesson.asked if not item.only_kept]
        plan = [
            {
                "id": item.id,
                "title": item.title,
                "kind": item.kind,
                "minutes": 2.0,
                "phase": self.phases.get(item.id, "draft"),
                "vote": item.kind != "explain",
            }
            for item in items
        ]
        poll = {"id": question, "lesson": LESSON, "question": question, "hash": "", "lab": self.lesson.lab.name}
        can = [*possible(phase), "next", "resume" if change.get("paused") else "pause"]
        said = {"phase": phase, "poll": poll, "plan": plan, "possible": can, "count": 2, "joined": 3, **change}
        self.host.state = heard(state(**said))
        self.leading.hear()

    def item(self, question: str = FIRST) -> StepItem:
        found = self.lesson.items[question]
        assert isinstance(found, StepItem)
        return found

    def bar(self, question: str = FIRST) -> Any:
        return self.leading.bar(self.item(question))

    def labels(self, question: str = FIRST) -> list[str]:
        return [button["label"] for button in self.bar(question)["buttons"]]


@pytest.fixture
def led() -> Led:
    return Led()


@pytest.mark.parametrize("phase", PHASES)
def test_only_what_is_possible_is_offered_and_what_comes_next_stands_first(phase: Phase, led: Led) -> None:
    led.at(phase)
    buttons = led.bar()["buttons"]
    assert {button["do"] for button in buttons} == {*possible(phase), "next", "pause"}
    assert [button["main"] for button in buttons] == [True, *[False] * (len(buttons) - 1)]
    assert len({button["label"] for button in buttons}) == len(buttons)


def test_a_class_goes_through_by_the_first_button_alone(led: Led) -> None:
    from lessonlib.classroom.phases import after

    phase, seen = "draft", []
    while True:
        led.at(phase)
        do = led.bar()["buttons"][0]["do"]
        seen.append(do)
        if do == "next":
            break
        phase = after(phase, do)
    assert seen == ["open", "close", "discuss", "open2", "close", "show", "reveal", "next"]


def test_the_count_is_told_while_it_counts(led: Led) -> None:
    led.at("open1")
    assert (led.bar()["line"], led.bar()["detail"]) == ("First vote is open", "2 of 3 voted")
    led.at("discuss")
    assert (led.bar()["line"], led.bar()["detail"]) == ("They talk it over", "3 here")


def test_another_question_is_chosen_first(led: Led) -> None:
    led.at("open1")
    bar = led.bar(SECOND)
    assert not bar["here"] and led.labels(SECOND) == ["Ask this one"] and bar["detail"] == ""
    assert led.leading.take(led.item(SECOND), {"event": "class", "do": "next"}) is None
    assert led.host.steps == [("next", SECOND)]
    led.leading.take(led.item(SECOND), {"event": "class", "do": "open"})
    assert len(led.host.steps) == 1, "what is not offered there does nothing"
    led.at("draft", SECOND)
    assert led.labels() == ["Go back to this one"] and led.bar()["line"].endswith("left in the first vote")


def test_the_question_that_the_class_is_at_opens_in_the_notebook(led: Led) -> None:
    assert led.item(SECOND).lock
    led.at("draft", SECOND)
    assert not led.item(SECOND).lock and SECOND in led.drawn


def test_steps_go_to_the_line_and_everything_else_to_the_lesson(led: Led) -> None:
    led.at("draft")
    commit = {"event": "commit", "guess": "a", "confidence": 1}
    assert led.leading.take(led.item(), commit) is commit
    for do in ("open", "next", "pause", "party", None):
        led.leading.take(led.item(), {"event": "class", "do": do})
    assert led.host.steps == [("open", None), ("next", None), ("pause", None)]


def test_a_problem_is_told_where_it_was_clicked_and_a_fault_where_the_class_is(led: Led) -> None:
    led.at("open1")
    led.leading.take(led.item(SECOND), {"event": "class", "do": "next"})
    led.host.problem = "The class has moved on."
    assert led.bar(SECOND)["problem"] == "The class has moved on." and led.bar()["problem"] == ""
    led.host.problem, led.host.fault = "", "The class server has stopped."
    assert led.bar()["problem"] == "The class server has stopped." and led.labels() == led.labels(SECOND) == []


def test_a_break_has_one_button(led: Led) -> None:
    led.at("open1", paused=True)
    assert led.bar()["line"] == "Paused" and led.labels() == ["Go on"]


def test_pairs_have_no_second_vote(led: Led) -> None:
    (question,) = [item.id for item in led.lesson.asked if item.kind == "explain"]
    led.at("closed1", question)
    assert led.labels(question)[0] == "Go to the answer"
    assert not {"Discuss", "Second vote"} & set(led.labels(question)) and "voted" not in led.bar(question)["detail"]


def test_shares_come_with_the_phase_that_has_them(led: Led) -> None:
    led.at("closed1")
    assert "shares" not in led.bar()
    led.at("shown", shares={"kind": "few", "first": 2, "second": None})
    assert led.bar()["shares"] == {"kind": "few", "first": 2, "second": None} and "shares" not in led.bar(SECOND)


def test_notes_and_questions_that_no_class_is_asked_have_no_bar(led: Led) -> None:
    led.at("open1")
    (note,) = [item for item in led.lesson.asked if item.only_kept]
    assert led.leading.bar(note) is None
    led.host.state = None
    assert led.bar() is None
