"""The review: what comes back, when, in which order, and that nothing but the journal decides."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from lessonlib.lesson.lesson import Lesson
from lessonlib.record.attempts import Attempt, attempts_of
from lessonlib.record.event import REVIEW, events_of
from lessonlib.record.journal import Journal
from lessonlib.review.deck import SITTING, Card, Review
from lessonlib.review.schedule import AGAIN, GOOD, HARD, Answer, answer_to, due
from lessonlib.roofline import load_lab
from lessonlib.show.blocks import BLOCKS
from lessonlib.show.review import NotebookReview, when

LESSON = "01-prefill-vs-decode"
LAB = load_lab()
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Diary(Journal):
    """A journal at whatever time it is made to be."""

    now = START

    def append(self, record: dict[str, Any]) -> None:
        super().append({"time": self.now.isoformat(), **record})


@pytest.fixture
def diary(tmp_path: Path) -> Diary:
    return Diary(tmp_path / "journal.jsonl")


def take(diary: Diary, *, wrong: tuple[str, ...] = (), upto: str | None = None, grade: str = "got") -> None:
    """Take the lesson: right and certain everywhere, but wrong and certain at `wrong`."""
    lesson = Lesson(LESSON, LAB, diary, BLOCKS)
    for item in lesson.asked:
        if item.only_kept:
            continue
        question = item.step.question
        item.step.answer(question.mistakes()[0][1] if item.id in wrong else question.right())
        if question.self_graded:
            item.step.handle({"event": "grade", "grade": grade})
        if item.id == upto:
            return


def review(diary: Diary, days: float = 0) -> Review:
    return Review(LAB, diary, BLOCKS, now=lambda: START + timedelta(days=days))


def answer(sitting: Review, well: bool = True) -> None:
    """Answer the card on the table, grade it where it wants that, and go on."""
    assert sitting.step is not None
    question = sitting.step.question
    sitting.step.answer(question.right() if well or question.self_graded else question.mistakes()[0][1])
    sitting.handle({"event": "grade", "grade": "got" if well else "missed"})
    sitting.handle({"event": "next"})


# --- the schedule ------------------------------------------------------------------------------------------------


def test_the_better_an_answer_the_later_it_is_due() -> None:
    again, hard, good = (due([Answer(START, rating)]) for rating in (AGAIN, HARD, GOOD))
    assert START < again <= hard < good


def test_intervals_grow_with_answers_that_hold_and_shrink_with_a_miss() -> None:
    answers = [Answer(START, GOOD)]
    gaps = []
    for _ in range(4):
        at = due(answers)
        gaps.append(at - answers[-1].at)
        answers.append(Answer(at, GOOD))
    assert gaps == sorted(gaps) and gaps[-1] > 4 * gaps[0]
    assert due([*answers, Answer(due(answers), AGAIN)]) - due(answers) < gaps[-1] / 4


def test_the_order_of_the_lines_does_not_matter() -> None:
    answers = [Answer(START + timedelta(days=day), GOOD) for day in (0, 2, 9)]
    assert due(answers) == due(reversed(answers))


def attempt(event: str, **more: Any) -> Attempt:
    """A guess, and what the event made of it."""
    address = {"lesson": LESSON, "question": "q", "hash": "h", "lab": "l", "time": START.isoformat()}
    records: list[dict[str, Any]] = [{"event": "commit"}, {"event": "reveal"}][: {"skip": 0, "reveal": 1}.get(event, 2)]
    return attempts_of(events_of({**address, **each} for each in [*records, {"event": event, **more}]))[0]


@pytest.mark.parametrize(
    ("event", "fields", "rating"),
    [
        ("grade", {"grade": "got"}, GOOD),
        ("grade", {"grade": "partly"}, HARD),
        ("grade", {"grade": "missed"}, AGAIN),
        ("reveal", {"right": True, "confidence": 0}, HARD),
        ("reveal", {"right": True, "confidence": 2}, GOOD),
        ("reveal", {"right": False, "confidence": 0}, AGAIN),
        ("reveal", {}, None),
        ("skip", {}, None),
        ("grade", {"grade": "?"}, None),
        ("grade", {"grade": ["got"]}, None),
        ("reveal", {"right": True, "time": "yesterday"}, None),
    ],
)
def test_what_an_attempt_says(event: str, fields: dict[str, Any], rating: int | None) -> None:
    said = answer_to(attempt(event, **fields))
    assert said == (rating and Answer(START, rating))


def test_a_miss_that_was_certain_is_marked() -> None:
    assert answer_to(attempt("reveal", right=False, confidence=2)) == Answer(START, AGAIN, certain_miss=True)


# --- what comes back ------------------------------------------------------------------------------------------------


def test_nothing_comes_back_from_a_lesson_not_begun(diary: Diary) -> None:
    assert review(diary, 30).deck() == [] and review(diary, 30).step is None


def test_only_what_was_met_comes_back(diary: Diary) -> None:
    """A card of a later step would give it away."""
    take(diary, upto="tensor-cores-busy")
    assert {card.item.id for card in review(diary, 30).deck()} == set()
    take(diary)
    names = {card.item.id for card in review(diary, 30).deck()}
    assert {"quiz-another-lab", "recall-decode"} <= names
    assert "decode-ceiling" not in names, "a step that was right is not a card"


def test_nothing_is_due_on_the_same_day(diary: Diary) -> None:
    take(diary, wrong=("decode-ceiling",))
    assert review(diary, 0.2).due() == []
    assert {card.item.id for card in review(diary, 1).due()} == {"decode-ceiling"}


def test_a_certain_miss_becomes_a_card_and_comes_first(diary: Diary) -> None:
    take(diary, wrong=("two-ceilings", "quiz-another-lab"), grade="missed")
    waiting = review(diary, 20).due()
    assert {card.item.id for card in waiting if card.certain_miss} == {"two-ceilings", "quiz-another-lab"}
    assert [card.certain_miss for card in waiting] == sorted((card.certain_miss for card in waiting), reverse=True)


def test_a_skipped_transfer_is_asked_the_next_day(diary: Diary) -> None:
    lesson = Lesson(LESSON, LAB, diary, BLOCKS)
    for item in lesson.asked:
        if not item.only_kept:
            item.step.skip()
    assert "quiz-another-lab" in {card.item.id for card in review(diary, 1).due()}


def test_a_question_whose_content_changed_is_asked_anew(diary: Diary, monkeypatch: pytest.MonkeyPatch) -> None:
    take(diary)
    kept = {card.item.id: card for card in review(diary, 1).deck()}
    assert kept["quiz-another-lab"].answers and kept["quiz-another-lab"] not in review(diary, 1).due()
    monkeypatch.setattr("lessonlib.lesson.question.Question.asked_hash", lambda self: "changed")
    fresh = review(diary, 1)
    assert all(not card.answers for card in fresh.deck())
    assert "quiz-another-lab" in {card.item.id for card in fresh.due()}


def test_the_lesson_knows_nothing_of_the_review(diary: Diary) -> None:
    """Answers of a review must not answer a lesson's question."""
    take(diary)
    before = [(item.step.state, item.step.guess) for item in Lesson(LESSON, LAB, diary, BLOCKS).asked]
    sitting = review(diary, 10)
    while sitting.step:
        answer(sitting, well=False)
    assert [(item.step.state, item.step.guess) for item in Lesson(LESSON, LAB, diary, BLOCKS).asked] == before


# --- a sitting ---------------------------------------------------------------------------------------------------


def test_a_card_that_was_missed_comes_back_sooner_than_one_that_held(diary: Diary) -> None:
    take(diary)
    for well, name in ((True, "quiz-another-lab"), (False, "recall-decode")):
        sitting = review(diary, 10)
        while sitting.card and sitting.card.item.id != name:
            answer(sitting)
        if sitting.card:
            answer(sitting, well)
    left = {card.item.id: card.due for card in review(diary, 10).deck()}
    assert left["recall-decode"] < left["quiz-another-lab"]


def test_next_comes_only_after_an_answer(diary: Diary) -> None:
    take(diary)
    sitting = review(diary, 10)
    first = sitting.card
    sitting.handle({"event": "next"})
    assert sitting.card == first and not sitting.answered
    answer(sitting)
    assert sitting.card != first and sitting.done == 1


@pytest.mark.parametrize("stage", ["committed", "revealed"])
def test_a_sitting_goes_on_where_a_restart_broke_it(diary: Diary, stage: str) -> None:
    take(diary)
    sitting = review(diary, 10)
    while sitting.step and not sitting.step.question.self_graded:
        answer(sitting)
    assert sitting.card and sitting.step
    sitting.handle({"event": "commit", "guess": None, "confidence": None})
    if stage == "revealed":
        sitting.handle({"event": "reveal"})
    after = review(diary, 10)
    assert after.card and after.step and after.card.name == sitting.card.name
    assert after.step.state == sitting.step.state != "asked"
    if stage == "committed":
        after.handle({"event": "reveal"})
    after.handle({"event": "grade", "grade": "got"})
    assert after.answered and len(answers_of(after.card)) == len(answers_of(sitting.card))
    assert sitting.card.name not in {card.name for card in review(diary, 10).due()}


def test_the_tap_after_a_reveal_does_not_make_a_card_a_broken_off_one(diary: Diary) -> None:
    """Else it would come before all others the next time, certain misses too."""
    take(diary, wrong=("two-ceilings", "draw-throughput"))
    sitting = review(diary, 10)
    while sitting.step:
        answer(sitting)
    assert any(event.review and event.event == "observe" for event in diary.events())
    assert [card.name for card in review(diary, 11).deck() if card.begun] == []


def answers_of(card: Card) -> tuple[Answer, ...]:
    return card.answers


def test_a_skip_in_a_review_puts_off_and_rates_nothing(diary: Diary) -> None:
    take(diary)
    sitting = review(diary, 10)
    name = sitting.card.name if sitting.card else ""
    rated = len(sitting.card.answers) if sitting.card else 0
    sitting.handle({"event": "skip"})
    sitting.handle({"event": "next"})
    kept = next(card for card in review(diary, 10.1).deck() if card.name == name)
    assert len(kept.answers) == rated and kept not in review(diary, 10.1).due()
    assert name in {card.name for card in review(diary, 11).due()}


def test_a_sitting_ends_after_its_cards_and_another_may_follow(diary: Diary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lessonlib.review.deck.SITTING", 1)
    take(diary)
    shown = NotebookReview(review(diary, 30))
    assert SITTING > 5
    assert shown.view()["title"].startswith("1 of 1 · Prefill vs decode")
    answer(shown._review)
    assert "enough for one sitting" in shown.view()["html"] and shown.view()["more"] == "Another sitting"
    assert shown.handle({"event": "more"})["kind"] != "tell"


def test_a_click_draws_once(diary: Diary, monkeypatch: pytest.MonkeyPatch) -> None:
    take(diary)
    shown = NotebookReview(review(diary, 30))
    panel, drawn = shown.sitting(), []
    view = NotebookReview.view
    monkeypatch.setattr(NotebookReview, "view", lambda self: drawn.append(1) or view(self))
    sent: list[str] = []
    panel.observe(lambda change: sent.append(change.new["state"]), "view")
    for event in ({"event": "skip"}, {"event": "next"}, {"event": "more"}):
        drawn.clear()
        sent.clear()
        panel.handle(event)
        assert len(drawn) == 1 and len(sent) <= 1, event


def test_the_words_when_nothing_is_due(diary: Diary) -> None:
    assert "Nothing to review yet" in NotebookReview(review(diary)).view()["html"]
    take(diary)
    assert "Nothing more is due" in NotebookReview(review(diary)).view()["html"]


def test_a_newcomer_may_try_a_card_of_which_nothing_is_kept(diary: Diary) -> None:
    asked = review(diary)
    before = asked.journal.records()
    shown = NotebookReview(asked)
    assert shown.view()["more"] == "Try a sample card"
    view = shown.handle({"event": "more"})
    assert (
        view["kind"] == "recall" and view["state"] == "asked" and view["title"] == "A sample card" and view["sitting"]
    )
    assert shown.handle({"event": "next"})["state"] == "asked", "not before it is answered"
    shown.handle({"event": "commit", "guess": None})
    view = shown.handle({"event": "reveal"})
    assert "come back if nobody asks again" in view["result"]["answer"] and not view["next"]
    assert shown.handle({"event": "grade", "grade": "got"})["next"]
    after = shown.handle({"event": "next"})
    assert "That was a sample" in after["html"] and after["more"] == "Try a sample card"
    assert asked.journal.records() == before


def test_who_has_cards_is_offered_no_sample(diary: Diary) -> None:
    shown = NotebookReview(review(diary))
    shown.handle({"event": "more"})
    take(diary)
    assert "Try a sample card" not in repr(NotebookReview(review(diary)).view())
    assert NotebookReview(review(diary)).handle({"event": "more"})["kind"] == "tell"


@pytest.mark.parametrize(
    ("hours", "words"),
    [(0.5, "within the hour"), (1.4, "in about 1 hour"), (5, "in about 5 hours"), (26, "tomorrow"), (100, "in 4 days")],
)
def test_how_far_away(hours: float, words: str) -> None:
    assert when(START + timedelta(hours=hours), START) == words


def test_the_card_over_all_lessons(diary: Diary) -> None:
    take(diary, wrong=("two-ceilings",))
    panel = NotebookReview(review(diary)).overall()
    assert "predictions made" in panel.view["html"] and "Ideas you met that are not so" in panel.view["html"]
    assert "predictions made" not in repr(panel._repr_mimebundle_()[0]["text/html"]), (
        "a stored notebook holds nothing of the learner's"
    )


# --- learners over 60 days --------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("knows", [0.95, 0.6], ids=["remembers most", "forgets much"])
def test_sixty_days_of_a_learner(diary: Diary, seed: int, knows: float) -> None:
    """Comes on most days; answers well with a set chance. What is missed is asked more often, nothing is asked twice
    a day, nothing is lost, and those who remember are asked less and less.
    """
    chance = random.Random(seed)
    take(diary, wrong=("two-ceilings", "prefill-traffic"))
    asked: dict[str, list[tuple[int, bool]]] = {}
    for day in range(1, 61):
        if chance.random() < 0.2:
            continue
        diary.now = START + timedelta(days=day)
        sitting = review(diary, day)
        while sitting.step and sitting.card:
            well = chance.random() < knows
            asked.setdefault(sitting.card.name, []).append((day, well))
            answer(sitting, well)
        assert (
            len(json.loads(json.dumps(diary.records()))) == len(diary.path.read_text(encoding="utf-8").splitlines())
            if diary.path
            else True
        )
    assert {name.split("/")[1] for name in asked} >= {
        "two-ceilings",
        "prefill-traffic",
        "quiz-another-lab",
        "recall-decode",
    }
    for visits in asked.values():
        days = [day for day, _ in visits]
        assert len(days) == len(set(days))
        for (before, well), (after, _) in pairwise(visits):
            assert after - before >= 1
            if not well:
                assert after - before <= 6, "a miss comes back within days"
    if knows > 0.9:
        steady = [visits for visits in asked.values() if all(well for _, well in visits) and len(visits) > 2]
        for visits in steady:
            gaps = [after - before for (before, _), (after, _) in pairwise(visits)]
            assert gaps[-1] >= gaps[0]
    assert all(record["lesson"] in (LESSON, REVIEW) for record in diary.records())
