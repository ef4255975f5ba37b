"""The sealed exam: nothing opens before all are committed, it survives a restart, and another set can be drawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from lessonlib.lesson.items import StepItem
from lessonlib.lesson.kinds import make_question
from lessonlib.lesson.kinds.choice import Choice
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.seal import question_parts
from lessonlib.lesson.words import WordsError
from lessonlib.record.journal import Journal
from lessonlib.roofline import load_lab
from lessonlib.show.blocks import BLOCKS

NAME = "checkpoint-1"
GUESS = {"text": "10", "low": "5", "high": "20"}


def opened(journal: Journal | None = None, lab: str = "qwen3-32b-h200") -> Lesson:
    """The checkpoint, its steps before the exam walked."""
    lesson = Lesson(NAME, load_lab(lab), journal, BLOCKS)
    exam = items(lesson)
    for item in lesson.asked:
        if item not in exam and item.step.untouched:
            item.step.answer(item.step.question.right())
    return lesson


def items(lesson: Lesson) -> list[StepItem]:
    assert lesson.exam is not None
    return lesson.exam.items


def commit(lesson: Lesson, *names: str) -> None:
    for name in names:
        lesson.handle(name, {"event": "commit", "guess": GUESS, "confidence": 1})


ALL = [f"system-{number}" for number in range(1, 6)]


def test_nothing_opens_before_all_are_committed() -> None:
    lesson = opened()
    commit(lesson, *ALL[:4])
    for item in items(lesson):
        lesson.handle(item.id, {"event": "reveal"})
        lesson.handle(item.id, {"event": "skip"})
        view = item.view()
        assert not item.step.revealed and "result" not in view
        assert view["sealed"] == "Sealed: 4 of 5 committed. All open together."  # type: ignore[typeddict-item]
    commit(lesson, ALL[4])
    for item in items(lesson):
        assert "sealed" not in item.view()
        lesson.handle(item.id, {"event": "reveal"})
        assert item.step.revealed


def test_no_view_before_holds_a_number_of_the_truth() -> None:
    lesson = opened()
    for item in items(lesson):
        told = str(item.view())
        parts = question_parts(item.step.question)
        assert str(item.step.question.truth()) not in told
        assert parts["right"]["reveal"] not in told and str(item.step.question.number("exam_by_card")) not in told


def test_the_questions_wait_for_the_steps_before_them_and_hold_up_nothing() -> None:
    lesson = Lesson(NAME, load_lab(), None, BLOCKS)
    steps = [item for item in lesson.asked if item not in items(lesson) and item.kind == "predict"]
    assert all(item.gates == steps for item in items(lesson))
    assert all(not set(item.gates) & set(items(lesson)) for item in lesson.items.values())


def test_a_restart_finds_them_where_they_stood(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    commit(opened(journal), *ALL[:3])
    again = opened(Journal(tmp_path / "journal.jsonl"))
    assert [item.step.state for item in items(again)] == ["committed"] * 3 + ["asked"] * 2
    commit(again, *ALL[3:])
    again.handle(ALL[1], {"event": "reveal"})
    third = opened(Journal(tmp_path / "journal.jsonl"))
    assert [item.step.revealed for item in items(third)] == [False, True, False, False, False]
    assert all("sealed" not in item.view() for item in items(third))


def test_another_set_is_drawn_once_the_first_is_over_and_the_record_says_so(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    lesson = opened(journal)
    first = [item.step.question.stem() for item in items(lesson)]
    lesson.handle("exam", {"event": "more"})
    assert lesson.exam and lesson.exam.name == "A", "not before it is over"
    commit(lesson, *ALL)
    for name in ALL:
        lesson.handle(name, {"event": "reveal"})
    changed: list[str] = []
    lesson.listeners.append(lambda item: changed.append(item.id))
    lesson.handle("exam", {"event": "more"})
    assert lesson.exam.name == "B" and set(ALL) <= set(changed)
    assert [item.step.state for item in items(lesson)] == ["asked"] * 5
    second = [item.step.question.stem() for item in items(lesson)]
    assert not set(first) & set(second)

    commit(lesson, ALL[0])
    again = opened(Journal(tmp_path / "journal.jsonl"))
    assert again.exam and again.exam.name == "B" and [item.step.question.stem() for item in items(again)] == second
    assert [item.step.state for item in items(again)] == ["committed"] + ["asked"] * 4
    elsewhere = opened(Journal(tmp_path / "journal.jsonl"), "llama-3.1-8b-a100-80gb")
    assert elsewhere.exam and elsewhere.exam.name == "A", "a set is drawn for one lab"


def test_the_questions_of_the_exam_open_together_and_a_lesson_without_one_has_none() -> None:
    assert [item.id for item in opened().sealed_together] == ALL
    plain = Lesson("06-the-kv-cache", load_lab(), None, BLOCKS)
    assert plain.sealed_together == [] and plain.exam is None
    plain.take_again()
    assert plain.exam is None


def reveal_all(lesson: Lesson) -> None:
    commit(lesson, *ALL)
    for name in ALL:
        lesson.handle(name, {"event": "reveal"})


def test_the_next_set_is_sealed_as_the_first_was() -> None:
    lesson = opened()
    reveal_all(lesson)
    lesson.handle("exam", {"event": "more"})
    commit(lesson, ALL[0])
    lesson.handle(ALL[0], {"event": "reveal"})
    assert [item.step.state for item in items(lesson)] == ["committed"] + ["asked"] * 4


def test_a_set_drawn_in_another_kernel_is_laid_out_when_the_record_is_read_again(tmp_path: Path) -> None:
    here, elsewhere = (opened(Journal(tmp_path / "journal.jsonl")) for _ in range(2))
    first = [item.step.question.stem() for item in items(here)]
    here.restore(here.asked)
    reveal_all(elsewhere)
    elsewhere.handle("exam", {"event": "more"})
    commit(elsewhere, ALL[1])
    here.restore(here.asked)
    assert here.exam and here.exam.name == "B"
    second = [item.step.question.stem() for item in items(here)]
    assert second == [item.step.question.stem() for item in items(elsewhere)] and not set(first) & set(second)
    assert [item.step.state for item in items(here)] == ["asked", "committed"] + ["asked"] * 3


def test_a_set_that_comes_round_again_stands_as_it_was_left(tmp_path: Path) -> None:
    lesson = opened(Journal(tmp_path / "journal.jsonl"))
    for _ in "ABCD":
        reveal_all(lesson)
        lesson.handle("exam", {"event": "more"})
    assert lesson.exam and lesson.exam.name == "A"
    again = opened(Journal(tmp_path / "journal.jsonl"))
    assert [item.view() for item in items(lesson)] == [item.view() for item in items(again)]
    assert all(item.step.revealed for item in items(lesson))


def test_after_the_last_set_comes_the_first(tmp_path: Path) -> None:
    lesson = opened(Journal(tmp_path / "journal.jsonl"))
    names = []
    for _ in range(5):
        assert lesson.exam
        names.append(lesson.exam.name)
        for item in items(lesson):
            item.step.answer(item.step.question.right())
        lesson.handle("exam", {"event": "more"})
    assert names == ["A", "B", "C", "D", "A"]


@pytest.mark.parametrize("number", ["2", -1, True, None, 1.5])
def test_a_draw_that_makes_no_sense_is_the_first_set(number: object, tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append(
        {"lesson": NAME, "question": "exam", "hash": "", "lab": "qwen3-32b-h200", "event": "draw", "number": number}
    )
    lesson = opened(journal)
    assert lesson.exam and lesson.exam.name == "A"


FLEETS = "checkpoint-3"


def test_a_choice_whose_right_option_depends_on_the_lab_has_one_in_each_set() -> None:
    lesson = Lesson(FLEETS, load_lab(), None, BLOCKS)
    assert lesson.exam
    for place, dealt in enumerate(lesson.exam.sets):
        for number in (3, 4):
            words = lesson.words.elsewhere(dealt[number])
            question = make_question({**items(lesson)[number].raw}, words, f"set {place}")
            assert isinstance(question, Choice)
            right = question.right()
            named = next(
                option for key, option in zip("abcdefgh", question.shuffled(question.raw["options"]), strict=False) if key == right
            )[1]  # fmt: skip
            assert named["name"] == words.number(question.raw["truth"], "")
            wrong = [key for _, key in question.mistakes()]
            assert len(wrong) == 3 and right not in wrong
            assert question.score({"key": right}) == {"right": True}
            assert [question.score({"key": key})["misconception"] for key in wrong] == [
                name for name, _ in question.mistakes()
            ]


def test_a_truth_that_names_no_option_is_told() -> None:
    lesson = Lesson(FLEETS, load_lab(), None, BLOCKS)
    raw = {**items(lesson)[4].raw, "kind": "choice", "truth": "fleet_title"}
    question = Choice(raw, lesson.words, "here")
    with pytest.raises(WordsError, match="no option has that name"):
        question.right()


def test_nothing_of_a_choice_opens_before_all_are_committed() -> None:
    lesson = Lesson(FLEETS, load_lab(), None, BLOCKS)
    for item in lesson.asked:
        if item not in items(lesson) and item.step.untouched:
            item.step.answer(item.step.question.right())
    incident = items(lesson)[3]
    lesson.handle(incident.id, {"event": "commit", "guess": incident.step.question.right(), "confidence": 1})
    lesson.handle(incident.id, {"event": "reveal"})
    view = incident.view()
    assert not incident.step.revealed and "result" not in view and "1 of 5" in view["sealed"]  # type: ignore[typeddict-item]
    assert not incident.votable
