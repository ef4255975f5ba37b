"""What a lesson keeps of an answer, brings back, and tells to whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.lesson.items import Item, StepItem
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.records import NoRecords
from lessonlib.record.journal import Journal
from lessonlib.roofline import DEFAULT_LAB, load_lab, max_batch
from lessonlib.show.blocks import BLOCKS
from tests.lesson.shipped import LESSON, a_guess, opened, source

FIRST, SECOND = "what-decode-reads", "tensor-cores-busy"


def first(lesson: Lesson) -> StepItem:
    item = lesson.items[FIRST]
    assert isinstance(item, StepItem)
    return item


def answered(lesson: Lesson) -> None:
    item = first(lesson)
    for event in ({"event": "commit", "guess": a_guess(item), "confidence": 1}, {"event": "reveal"}):
        lesson.handle(FIRST, event)


def test_every_record_carries_lesson_question_wording_and_lab(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    lesson = opened(LESSON, journal)
    answered(lesson)
    address = lesson.address(first(lesson))
    assert address == {
        "lesson": LESSON,
        "question": FIRST,
        "hash": first(lesson).step.question.asked_hash(),
        "lab": lesson.lab.name,
    }
    assert [record["event"] for record in journal.records(LESSON)] == ["commit", "reveal"]
    assert all(record.items() >= address.items() for record in journal.records())


def test_a_lesson_opened_again_stands_where_it_was_left(tmp_path: Path) -> None:
    answered(opened(LESSON, Journal(tmp_path / "journal.jsonl")))
    again = opened(LESSON, Journal(tmp_path / "journal.jsonl"))
    assert first(again).step.revealed and again.items[SECOND].lock == ""
    assert len(again.journal.records()) == 2, "restoring records nothing"
    other_lab = opened(LESSON, Journal(tmp_path / "journal.jsonl"), "llama-3.1-8b-a100-80gb")
    assert first(other_lab).step.state == "asked", "another lab asks another question"


def test_without_a_journal_a_lesson_keeps_nothing_and_goes_on() -> None:
    lesson = opened()
    assert isinstance(lesson.journal, NoRecords)
    answered(lesson)
    assert first(lesson).step.revealed and list(lesson.journal.records(LESSON)) == []


def test_a_locked_item_tells_nobody_and_an_open_one_everybody() -> None:
    lesson = opened()
    heard: list[tuple[int, str]] = []
    lesson.listeners += [lambda item: heard.append((1, item.id)), lambda item: heard.append((2, item.id))]
    lesson.handle(SECOND, {"event": "skip"})
    assert heard == []
    lesson.handle(FIRST, {"event": "skip"})
    assert heard == [(1, FIRST), (2, FIRST)]


def test_a_listener_may_leave_while_it_is_told() -> None:
    lesson, heard = opened(), []

    def once(item: Item) -> None:
        heard.append("once")
        lesson.listeners.remove(once)

    lesson.listeners += [once, lambda item: heard.append("always")]
    lesson.handle(FIRST, {"event": "hint"})
    lesson.handle(FIRST, {"event": "hint"})
    assert heard == ["once", "always", "always"]


def test_a_block_that_takes_no_events_tells_nobody() -> None:
    lesson = opened()
    for item in lesson.asked:
        item.step.skip()
    heard: list[str] = []
    lesson.listeners.append(lambda item: heard.append(item.id))
    lesson.handle("the-van", {"event": "pick", "choice": "x"})
    assert heard == []


def test_the_gates_of_an_item_are_the_steps_before_it() -> None:
    """Each step waits for those before it, never for itself or a later one; notes wait for none."""
    lesson = opened()
    order = list(lesson.items.values())
    steps = [item for item in order if isinstance(item, StepItem) and item.title.startswith("Step ")]
    for place, item in enumerate(order):
        before = [step for step in steps if order.index(step) < place]
        assert [gate.id for gate in item.gates] in ([gate.id for gate in before], [])
    assert [gate.id for gate in steps[2].gates] == [steps[0].id, steps[1].id]
    notes = [item for item in lesson.asked if item.only_kept]
    assert notes and all(item.gates == [] for item in notes)
    assert [step.name for step in steps[:3]] == ["step 1", "step 2", "step 3"]


def test_words_of_a_lesson_are_no_items() -> None:
    assert "text" not in {item.kind for item in opened().items.values()}


@pytest.mark.parametrize(
    ("kinds", "fits"), [((), True), (("predict",), True), (("recall", "predict"), True), (("recall",), False)]
)
def test_an_item_is_given_if_its_kind_is_one_of_those_asked_for(kinds: tuple[str, ...], fits: bool) -> None:
    lesson = opened()
    if fits:
        assert lesson.item(FIRST, kinds).id == FIRST
    else:
        with pytest.raises(LessonlibError, match="is a predict"):
            lesson.item(FIRST, kinds)


def test_a_kind_of_block_that_nothing_draws_is_named_when_it_is_looked_at() -> None:
    lesson = Lesson(LESSON, load_lab())
    blocks: list[Any] = [item for item in lesson.items.values() if item.kind in ("picture", "plot", "score")]
    for item in lesson.asked:
        item.step.skip()
    for item in blocks[:3]:
        with pytest.raises(LessonlibError, match=f"nothing here draws a “{item.kind}”"):
            item.view()


@pytest.mark.parametrize(("more", "fits"), [(-1, True), (0, True), (1, False)])
def test_a_lab_without_room_for_what_a_lesson_runs_gives_way_to_the_default_one(
    more: int, fits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many requests of 1,000 tokens as the memory holds, one fewer, one more."""
    lab = load_lab("llama-3.1-8b-a100-80gb")
    raw = {**source(), "room": {"requests": max_batch(lab.system, 1000) + more, "tokens": 1000}}
    monkeypatch.setattr("lessonlib.lesson.lesson.load_source", lambda *_: raw)
    lesson = Lesson(LESSON, lab, None, BLOCKS)
    assert lesson.lab.name == (lab.name if fits else DEFAULT_LAB)
    assert lesson.without_room == (None if fits else lab)
    assert lesson.numbers.lab is lesson.lab, "its numbers are those of the lab that it says"
