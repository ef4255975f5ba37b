"""No truth and no share leaves the server before its phase, to whomever: voters, the hall's screen, the instructor.

Every question of two lessons, which between them have every kind that a class votes on, is led through all phases twice: as it
is, and with another truth and other words about it. All that is sent must be the same byte for byte until the reveal. And of all
that the reveal will say nothing stands in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lessonlib.classroom.limits import Allowance
from lessonlib.classroom.live_class import is_voted_on, put_to_a_class
from lessonlib.classroom.stores import opener
from lessonlib.lesson.items import StepItem
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.step import Step
from tests.classroom.room import TOKEN, Room, room
from tests.lesson.shipped import a_guess, opened, reopened, source
from tests.lesson.test_nothing_before_the_reveal import _another_truth, altered

LESSONS = ("01-prefill-vs-decode", "03-the-roofline")
ROUNDS = (("open", "close", "discuss"), ("open2", "close"))
CODE, VOTERS = "ABCDEF", 6


def guesses(item: StepItem) -> list[Any]:
    """What the voters send: every mistake, and what is right."""
    question = item.step.question
    found = [question.right(), *(guess for _, guess in question.mistakes()), a_guess(item)]
    return [found[place % len(found)] for place in range(VOTERS)]


def sent_to_anybody(served: Room, question: str, voters: list[str]) -> Iterator[tuple[str, str]]:
    """All that is sent to somebody who asks now: (to whom, as text)."""
    for place, voter in enumerate(voters[:2]):
        yield f"voter {place}", served.ask("GET", "/state", cookie=voter).text
        yield f"lines of voter {place}", "".join(_lines(served.ask("GET", "/me", cookie=voter).text, question))
    yield "joined late", served.ask("POST", "/join", {"code": CODE}, voters[0]).text
    yield "screen", served.ask("GET", f"/state?screen={CODE}").text
    yield "instructor", _public(served.ask("GET", "/host", authorization=f"Bearer {TOKEN}").json())
    for kind in ("state", "screen", "host"):
        _, event = served.runner.run(served.app.hub._event(kind))  # type: ignore[arg-type]
        name, _, data = event.decode().partition("data: ")
        yield f"event {kind}", name + _public(json.loads(data))


def _public(state: Any) -> str:
    """As text, without the instructor's notes, and without minutes, which count the words of the reveal."""
    state.pop("notes", None)
    for planned in state.get("plan", ()):
        del planned["minutes"]
    return json.dumps(state)


def _lines(text: str, question: str) -> Iterator[str]:
    """Those of one question, without their times."""
    for line in map(json.loads, text.splitlines()):
        if line["question"] == question:
            yield json.dumps({key: value for key, value in line.items() if key != "time"}) + "\n"


def walked(served: Room, item: StepItem, voters: list[str], sent: list[Any]) -> Iterator[tuple[str, str]]:
    """All that is sent from the question's first appearance until the room's votes are shown."""
    served.steer("next", item.id)
    yield from ((f"draft: {whom}", text) for whom, text in sent_to_anybody(served, item.id, voters))
    for number, events in enumerate(ROUNDS, 1):
        for event in events:
            served.steer(event)
            if event.startswith("open"):
                for voter, guess in zip(voters, sent, strict=True):
                    answer = served.vote(
                        voter, item.id, guess, number, 1, f"{item.id}{number}{'k' * 16}".replace("-", "")
                    )
                    assert answer.status_code == (200 if is_voted_on(item) else 409), answer.text
                    yield f"{event}: vote", answer.text
            yield from ((f"{event}: {whom}", text) for whom, text in sent_to_anybody(served, item.id, voters))
    before = served.host()
    assert "shares" not in before
    served.steer("show")
    yield from ((f"show: {whom}", text) for whom, text in sent_to_anybody(served, item.id, voters))


def leaves(value: Any) -> Iterator[str]:
    """Every text in a view."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from leaves(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from leaves(each)


def secrets_of(item: StepItem) -> list[str]:
    """Texts that the reveal says, to one who skipped and to each mistake, and that the question does not say."""
    question = item.step.question
    views = []
    for given in (None, question.right(), *(guess for _, guess in question.mistakes())):
        step = Step(question, item.title)
        step.skip() if given is None else step.answer(given)
        views.append({key: step.view().get(key) for key in ("result", "observe", "working", "explanation")})
    asked = json.dumps(item.asked_view(), ensure_ascii=False)
    texts = {text for view in views for text in leaves(view)}
    return [text for text in texts if len(text) >= 8 and text not in asked and json.dumps(text)[1:-1] not in asked]


def own_words(item: StepItem, sent: list[Any]) -> str:
    """What the voters typed themselves, as the server shows it to them: one of them may know the answer."""
    question = item.step.question
    views = [question.guess_view(question.accept(guess)) for guess in sent]
    return json.dumps(views, ensure_ascii=False)


@pytest.mark.parametrize("name", LESSONS)
def test_nothing_is_told_before_its_phase(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lesson = opened(name)
    changed = source(name)
    for entry in changed["steps"]:
        for kind, before in entry.items():
            if kind in ("predict", "recall", "blanks", "explain"):
                entry[kind] = altered(before, _another_truth(lesson.items[before["id"]]))  # type: ignore[arg-type]
    other = reopened(monkeypatch, changed, name=name)
    with (
        room(opener(str(tmp_path / "one.sqlite")), lesson, CODE) as one,
        room(opener(str(tmp_path / "two.sqlite")), other, CODE) as two,
    ):
        for served in (one, two):
            served.app.reads = served.app.votes = Allowance(1e9, 1)  # nobody asks as often as this test
        voters = [[served.joined() for _ in range(VOTERS)] for served in (one, two)]
        for item in put_to_a_class(lesson).values():
            sent = guesses(item) if is_voted_on(item) else [None] * VOTERS
            hidden = [text for text in secrets_of(item) if text not in own_words(item, sent)]
            assert hidden, "nothing to look for"
            pairs = zip(walked(one, item, voters[0], sent), walked(two, item, voters[1], sent), strict=True)
            for (when, mine), (_, theirs) in pairs:
                assert mine == theirs, f"{item.id}, {when}: what is sent depends on what is still secret"
                told = [json.loads(line) for line in mine.splitlines() if line.startswith("{")]
                found = [text for text in hidden if text in mine or text in "\n".join(leaves(told))]
                assert not found, f"{item.id}, {when}: {found[0]}"
                if not when.startswith("show: "):
                    assert '"shares"' not in mine, f"{item.id}, {when}"
                assert item.step.question.asked_hash() not in mine, "who has the hash can try the options"
            for served, those in ((one, voters[0]), (two, voters[1])):
                _revealed(served, served.live.questions[item.id], those)


def _revealed(served: Room, item: StepItem, voters: list[str]) -> None:
    state = served.steer("reveal")
    assert state["truth"]["result"]
    assert state["poll"]["hash"] == item.step.question.asked_hash()
    mine = served.state(voters[1])["mine"]
    if is_voted_on(item):
        assert mine["view"]["result"]
        assert served.ask("GET", "/me", cookie=voters[1]).text.count(state["poll"]["hash"]) == 3


def test_the_two_lessons_have_every_kind_that_a_class_votes_on() -> None:
    kinds = {item.step.question.kind for name in LESSONS for item in put_to_a_class(opened(name)).values()}
    assert kinds == {"choice", "number", "curve", "place", "recall", "blanks", "explain"}


def test_a_class_is_asked_no_note_and_no_exam() -> None:
    lesson: Lesson = opened("checkpoint-1")
    asked = put_to_a_class(lesson)
    assert [item.id for item in lesson.asked if item.id not in asked] == [
        item.id for item in lesson.asked if item.only_kept or item.raw.get("exam")
    ]
    assert len(asked) < len(lesson.asked)
