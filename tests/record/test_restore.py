"""After a kernel restart the lesson stands where it stood; a changed question asks anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.source import lesson_names
from lessonlib.record.journal import Journal
from lessonlib.roofline import lab_names
from tests.lesson.shipped import LESSON, a_guess, body, committed, opened, reopened, revealed, source


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def states(lesson: Lesson) -> list[str]:
    return [item.view()["state"] for item in lesson.items.values()]


@pytest.mark.parametrize("name", lesson_names())
def test_a_whole_lesson_comes_back_as_it_was(name: str, path: Path) -> None:
    lesson = opened(name, Journal(path))
    for number, item in enumerate(lesson.asked):
        lesson.handle(item.id, {"event": "hint"})
        if number % 3 == 2:
            lesson.handle(item.id, {"event": "skip"})
        else:
            committed(lesson, item)
            lesson.handle(item.id, {"event": "reveal"})
        lesson.handle(item.id, {"event": "observe", "choice": "b"})
        lesson.handle(item.id, {"event": "grade", "grade": "partly"})
    size = path.stat().st_size
    again = opened(name, Journal(path))
    assert {key: item.view() for key, item in again.items.items()} == {
        key: item.view() for key, item in lesson.items.items()
    }
    assert path.stat().st_size == size, "restoring records nothing"


def test_halfway_is_restored_as_halfway(path: Path) -> None:
    lesson = opened(journal=Journal(path))
    revealed(lesson, lesson.asked[0])
    committed(lesson, lesson.asked[1])
    again = opened(journal=Journal(path))
    assert [item.step.state for item in again.asked[:3]] == [lesson.asked[0].step.state, "committed", "asked"]
    assert states(again) == states(lesson)
    again.handle(again.asked[1].id, {"event": "reveal"})
    assert opened(journal=Journal(path)).asked[1].step.revealed, "and goes on from there"


def test_a_changed_question_asks_anew_and_the_others_stay(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lesson = opened(journal=Journal(path))
    for item in lesson.asked[:3]:
        revealed(lesson, item)
    raw = source()
    body(raw, lesson.asked[1].id)["stem"] = "Another question, same options?"
    again = reopened(monkeypatch, raw, Journal(path))
    assert [item.step.state for item in again.asked[:3]] == [
        lesson.asked[0].step.state,
        "asked",
        lesson.asked[2].step.state,
    ]
    back = opened(journal=Journal(path))
    assert states(back) == states(lesson), "nothing was thrown away"


@pytest.mark.parametrize("key", ["reveal", "explanation"])
def test_a_better_explanation_does_not_ask_anew(key: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lesson = opened(journal=Journal(path))
    revealed(lesson, lesson.asked[0])
    raw = source()
    body(raw, lesson.asked[0].id)[key] = "Said better."
    assert reopened(monkeypatch, raw, Journal(path)).asked[0].step.revealed


def test_a_changed_truth_asks_anew(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lesson = opened(journal=Journal(path))
    for item in lesson.asked[:3]:
        revealed(lesson, item)
    raw = source()
    assert lesson.asked[2].raw["truth"] == "decode_ceiling"
    body(raw, lesson.asked[2].id)["truth"] = "ceiling_of_one_gpu"
    assert reopened(monkeypatch, raw, Journal(path)).asked[2].step.state == "asked"


def test_another_lab_asks_anew_and_the_first_keeps_its_own(path: Path) -> None:
    here, there = lab_names()[:2]
    lesson = opened(journal=Journal(path), lab=here)
    for item in lesson.asked[:2]:
        revealed(lesson, item)
    other = opened(journal=Journal(path), lab=there)
    assert {item.step.state for item in other.asked} == {"asked"}
    revealed(other, other.asked[0])
    assert opened(journal=Journal(path), lab=here).asked[1].step.revealed
    assert [item.step.state for item in opened(journal=Journal(path), lab=there).asked[:2]] == [
        other.asked[0].step.state,
        "asked",
    ]


def test_another_lesson_is_not_touched(path: Path) -> None:
    lesson = opened(journal=Journal(path))
    revealed(lesson, lesson.asked[0])
    other = next(name for name in lesson_names() if name != LESSON)
    assert {item.step.state for item in opened(other, Journal(path)).asked} == {"asked"}


@pytest.mark.parametrize(
    "guess",
    [
        {"text": "three", "value": 3.0},
        {"text": "1e400", "value": 1e300},
        {"text": ""},
        {},
        None,
        {"text": "131 parsecs", "value": 131},
    ],
)
def test_a_guess_that_is_no_longer_valid_asks_anew(guess: Any, path: Path) -> None:
    lesson = opened(journal=Journal(path))
    for item in lesson.asked[:3]:
        revealed(lesson, item)
    commit = next(record for record in Journal(path).records() if record["question"] == lesson.asked[2].id)
    path.unlink()
    journal = Journal(path)
    journal.append({**{key: value for key, value in commit.items() if key not in ("v", "time")}, "guess": guess})
    journal.append({**lesson.address(lesson.asked[2]), "event": "reveal"})
    item = opened(journal=Journal(path)).asked[2]
    assert (item.step.state, item.step.problem) == ("asked", "")


def test_two_kernels_that_answer_the_same_question_agree_on_the_first_answer(path: Path) -> None:
    one, two = (opened(journal=Journal(path)) for _ in range(2))
    first = one.asked[0]
    one.handle(first.id, {"event": "commit", "guess": "a", "confidence": 0})
    two.handle(first.id, {"event": "commit", "guess": "b", "confidence": 2})
    again = opened(journal=Journal(path)).asked[0]
    assert (again.step.guess, again.step.confidence) == ({"key": "a"}, 0)
    assert a_guess(again) in "abcd"
