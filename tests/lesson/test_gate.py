"""The gate: what comes after an unrevealed step is closed, shows nothing and takes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lessonlib.lesson import lesson as lessons
from lessonlib.lesson.items import Item, StepItem
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.source import is_form, lesson_names
from lessonlib.record.journal import Journal
from lessonlib.roofline import load_lab
from lessonlib.show.blocks import BLOCKS
from tests.lesson.shipped import LESSON, committed, opened, revealed

EVENTS: list[dict[str, Any]] = [
    {"event": "commit", "guess": "a", "confidence": 1},
    {"event": "commit", "guess": {"text": "5"}, "confidence": 1},
    {"event": "commit", "guess": None},
    {"event": "commit", "guess": ["x"] * 4},
    {"event": "reveal"},
    {"event": "skip"},
    {"event": "hint"},
    {"event": "observe", "choice": "a"},
    {"event": "grade", "grade": "got"},
    {"event": "pick", "choice": "llama-3.1-8b-a100-80gb"},
    {"event": "unlock"},
    {},
]
ALWAYS_OPEN = ("note", "closing", "labs", "installed", "map", "inventory")
#: those with steps; the questions of the inventory are open from the start and open nothing
STEPPED = [name for name in lesson_names() if not is_form(name)]


def gates(lesson: Lesson) -> list[StepItem]:
    """The steps that open what follows them, in order."""
    return [item for item in lesson.asked if item.title.startswith("Step ")]


def locks(lesson: Lesson) -> dict[str, str]:
    return {item_id: item.lock for item_id, item in lesson.items.items()}


@pytest.mark.parametrize("name", STEPPED)
def test_a_closed_item_shows_its_title_and_its_lock_alone(name: str) -> None:
    lesson = opened(name)
    closed = [item for item in lesson.items.values() if item.lock]
    assert closed
    for item in closed:
        assert set(item.view()) == {"kind", "id", "title", "state", "locked"}
        assert (item.view()["state"], item.view()["locked"]) == ("locked", "Reveal step 1 first")


@pytest.mark.parametrize("name", lesson_names())
def test_a_closed_item_takes_no_event(name: str, tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    lesson = opened(name, journal)
    heard: list[Item] = []
    lesson.listeners.append(heard.append)
    closed = [item for item in lesson.items.values() if item.lock]
    before = {item.id: (item.view(), vars(item.step).copy() if isinstance(item, StepItem) else None) for item in closed}
    for item in closed:
        for event in EVENTS:
            lesson.handle(item.id, event)
            assert item.view() == before[item.id][0]
        assert (item.view(), vars(item.step) if isinstance(item, StepItem) else None) == before[item.id]
    assert journal.records() == [] and heard == []


@pytest.mark.parametrize("how", ["reveal", "skip"])
@pytest.mark.parametrize("name", lesson_names())
def test_each_step_opens_all_up_to_the_next_one(name: str, how: str) -> None:
    lesson = opened(name)
    order = list(lesson.items)
    for number, gate in enumerate(gates(lesson), 1):
        after = order[order.index(gate.id) + 1 :]
        shut = {item_id for item_id in after if lesson.items[item_id].kind not in ALWAYS_OPEN}
        assert {item_id for item_id, lock in locks(lesson).items() if lock} == shut
        assert {locks(lesson)[item_id] for item_id in shut} <= {f"Reveal step {number} first"}
        if how == "skip":
            lesson.handle(gate.id, {"event": "skip"})
        else:
            committed(lesson, gate)
            assert {item_id for item_id, lock in locks(lesson).items() if lock} == shut, "a commit opens nothing"
            lesson.handle(gate.id, {"event": "reveal"})
    assert not any(locks(lesson).values())


def test_quiz_transfer_and_cards_close_nothing() -> None:
    lesson = opened()
    for gate in gates(lesson):
        revealed(lesson, gate)
    others = [item for item in lesson.asked if item not in gates(lesson)]
    assert {"quiz", "transfer"} <= {key for item in others for key in item.raw} and {
        "recall",
        "blanks",
        "explain",
        "closing",
    } <= {item.kind for item in others}
    assert not any(locks(lesson).values())


def test_a_question_later_in_the_lesson_waits_for_the_first_closed_step() -> None:
    lesson = opened()
    first, second, third = gates(lesson)[:3]
    revealed(lesson, first)
    assert second.lock == "" and third.lock == "Reveal step 2 first"
    assert lesson.items["the-van"].lock == "Reveal step 2 first"


def test_the_closing_panel_the_choice_of_a_lab_and_the_check_are_open_from_the_start() -> None:
    first = opened(lesson_names()[0])
    always = [item for lesson in (first, opened()) for item in lesson.items.values() if item.kind in ALWAYS_OPEN]
    assert {item.kind for item in always} == set(ALWAYS_OPEN) - {"note"}
    assert all(item.view()["state"] != "locked" for item in always)


@pytest.mark.parametrize("name", STEPPED)
def test_run_all_shows_every_item_once_in_order_and_gives_no_error(name: str) -> None:
    lesson = opened(name)
    states = [item.view()["state"] for item in lesson.items.values()]
    firsts = [item.id for item in lesson.items.values() if item.view()["state"] == "asked" and not item.only_kept]
    assert firsts == [gates(lesson)[0].id], "one question is open"
    assert states.index("locked") > states.index("asked")
    assert list(lesson.items) == [
        body["id"] for entry in lesson.raw["steps"] for body in entry.values() if isinstance(body, dict)
    ]


def test_a_change_is_told_to_whoever_listens() -> None:
    lesson = opened()
    first, second = gates(lesson)[:2]
    heard: list[tuple[str, str]] = []
    lesson.listeners.append(lambda item: heard.append((item.id, second.lock)))
    revealed(lesson, first)
    assert heard == [(first.id, "Reveal step 1 first"), (first.id, "")]  # the commit, then the reveal


def test_an_unknown_item_and_one_of_another_kind_are_named() -> None:
    lesson = opened()
    with pytest.raises(
        ValueError, match="01-prefill-vs-decode has no item “decode-celing”; it has: mystery, what-decode-reads"
    ):
        lesson.item("decode-celing")
    with pytest.raises(
        ValueError, match=r"“decode-ceiling” is a predict, so its cell reads lesson.predict\(\"decode-ceiling\"\)"
    ):
        lesson.item("decode-ceiling", ("recall",))


def test_a_lesson_that_nobody_gave_a_drawer_says_so() -> None:
    lesson = Lesson(LESSON, load_lab())
    for gate in gates(lesson):
        gate.step.skip()
    with pytest.raises(ValueError, match="nothing here draws a “picture”; open the lesson with lessonlib.open_lesson"):
        lesson.items["the-van"].view()


def test_a_file_may_have_the_blocks_that_can_be_drawn_and_with_words_alone_any(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    really = lessons.load_source
    monkeypatch.setattr(lessons, "load_source", lambda name, blocks: asked.append(blocks) or really(name, blocks))
    Lesson(LESSON, load_lab())
    Lesson(LESSON, load_lab(), blocks=BLOCKS)
    assert asked[0] is None and asked[1] is BLOCKS
