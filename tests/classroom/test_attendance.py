"""A learner's own lesson in a class: what is sent when, what is sealed, and what the record holds of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lessonlib.classroom.attendance import SAME, Attendance
from lessonlib.classroom.client import Ballot
from lessonlib.classroom.heard import heard
from lessonlib.lesson.items import StepItem
from lessonlib.lesson.lesson import Lesson
from lessonlib.record.journal import Journal
from lessonlib.review.learner_report import learner_report
from lessonlib.review.summary import summarise
from tests.classroom.stub_server import CODE, state
from tests.lesson.shipped import LESSON, a_guess, opened

FIRST, SECOND = "what-decode-reads", "tensor-cores-busy"


class Voter:
    """The line to a class without a network: ballots lie where they were sent until a test says what became of them."""

    def __init__(self) -> None:
        self.said = state()
        self.state = heard(self.said)
        self.fault, self.over = "", False
        self.ballots: dict[tuple[str, int], Ballot] = {}
        self.sent: list[tuple[str, int, Any, int | None]] = []

    def vote(self, poll: str, number: int, guess: Any, confidence: int | None) -> Ballot:
        self.sent.append((poll, number, guess, confidence))
        ballot = self.ballots[poll, number] = Ballot(poll, number, guess, confidence)
        return ballot


class Class:
    """A class of lesson 1 with one learner, who keeps a journal."""

    def __init__(self, folder: Path, lesson: Lesson | None = None) -> None:
        self.journal = Journal(folder / "journal.jsonl")
        self.lesson = lesson or opened(journal=self.journal)
        self.voter, self.drawn = Voter(), []
        self.attendance = Attendance(self.lesson, self.voter, lambda item: self.drawn.append(item.id))

    def item(self, question: str = FIRST) -> StepItem:
        found = self.lesson.items[question]
        assert isinstance(found, StepItem)
        return found

    def at(self, phase: str, question: str = FIRST, **change: Any) -> None:
        """The class is at that question in that phase."""
        said = self.voter.said
        poll = {**self.lesson.address(self.item(question)), "id": question, "hash": "", **change.pop("poll", {})}
        ask = None if phase == "draft" else self.item(question).asked_view()
        self.voter.said = {**said, "seq": said["seq"] + 1, "phase": phase, "poll": poll, "ask": ask, **change}
        self.voter.state = heard(self.voter.said)
        self.attendance.hear()

    def does(self, event: str, question: str = FIRST, **more: Any) -> None:
        """The learner clicks."""
        item = self.item(question)
        taken = self.attendance.take(item, {"event": event, **more})
        if taken is not None:
            self.lesson.handle(item.id, taken)
            self.attendance.taken(item)

    def commits(self, guess: Any = None, question: str = FIRST, confidence: int = 1) -> None:
        guess = a_guess(self.item(question)) if guess is None else guess
        self.does("commit", question, guess=guess, confidence=confidence)

    def view(self, question: str = FIRST) -> dict[str, Any]:
        item = self.item(question)
        return dict(self.attendance.view(item, item.view()))

    def line(self, question: str = FIRST) -> str:
        bar = self.attendance.bar(self.item(question))
        return bar["line"] if bar else ""

    def records(self) -> list[dict[str, Any]]:
        return self.journal.records(LESSON)


@pytest.fixture
def a_class(tmp_path: Path) -> Class:
    return Class(tmp_path)


@pytest.fixture
def right_key(a_class: Class) -> str:
    return a_class.item().step.question.right()


# --- two rounds -------------------------------------------------------------------------------------------------------------


def test_two_rounds_and_the_reveal(a_class: Class, right_key: str) -> None:
    wrong = a_guess(a_class.item())
    a_class.at("draft")
    assert a_class.view()["state"] == "asked" and a_class.line() == "The class is here. The vote is not open yet."
    a_class.at("open1")
    a_class.commits(wrong)
    assert a_class.voter.sent == [(FIRST, 1, wrong, 1)]
    assert (
        a_class.view()["sealed"] == "Closed until the class reveals it."
        and a_class.line() == "Your vote is on its way."
    )
    a_class.voter.ballots[FIRST, 1].state = "kept"
    a_class.attendance.hear()
    assert a_class.line() == "Your vote is counted. Wait for the others."
    for phase in ("closed1", "discuss"):
        a_class.at(phase)
        a_class.does("reveal")
        assert a_class.view()["state"] == "committed"
    a_class.at("open2")
    view = a_class.view()
    assert view["state"] == "asked" and "guess" not in view and view["hints"]["left"] == 0
    assert "(fairly sure)" in a_class.attendance.bar(a_class.item())["detail"]
    a_class.commits(right_key, confidence=2)
    assert a_class.voter.sent[1:] == [(FIRST, 2, right_key, 2)]
    view = a_class.view()
    assert view["state"] == "committed" and view["guess"] == {"key": right_key, "confidence": 2}
    a_class.voter.ballots[FIRST, 2].state = "kept"
    a_class.at("closed2")
    a_class.at("shown")
    a_class.does("reveal")
    assert a_class.view()["state"] == "committed"
    a_class.at("revealed", poll={"hash": a_class.item().step.question.asked_hash()})
    assert "sealed" not in a_class.view()
    a_class.does("reveal")
    view = a_class.view()
    assert view["result"]["headline"] == "Right" and view["guess"]["key"] == right_key
    detail = a_class.attendance.bar(a_class.item())["detail"]
    assert detail.startswith("Judged here is your second vote. Your record counts the first: ")
    events = [
        (record["event"], record.get("class"), record.get("round"), record.get("right")) for record in a_class.records()
    ]
    assert events == [("commit", CODE, 1, None), ("revote", CODE, 2, None), ("reveal", None, None, False)]
    assert {record["hash"] for record in a_class.records()} == {a_class.item().step.question.asked_hash()}


def test_the_same_again_is_one_click(a_class: Class) -> None:
    a_class.at("open1")
    a_class.commits(confidence=2)
    a_class.at("open2")
    assert [button["do"] for button in a_class.attendance.bar(a_class.item())["buttons"]] == [SAME]
    a_class.does("class", do=SAME)
    (_, first), (_, second) = [((number), guess) for _, number, guess, _ in a_class.voter.sent]
    assert first == second and a_class.voter.sent[1][3] == 2
    assert a_class.records()[-1]["event"] == "revote"
    a_class.does("class", do=SAME)
    assert len(a_class.voter.sent) == 2, "once a round"


@pytest.mark.parametrize(
    "question", [item.id for item in opened().asked if not item.only_kept and item.kind != "explain"]
)
def test_every_kind_votes_twice_as_a_panel_sends_it(question: str, a_class: Class) -> None:
    item = a_class.item(question)
    guess = a_guess(item)
    a_class.at("open1", question)
    a_class.commits(guess, question)
    a_class.at("open2", question)
    a_class.does("class", question, do=SAME)
    assert [(poll, number) for poll, number, _, _ in a_class.voter.sent] == [(question, 1), (question, 2)]
    for _, _, sent, _ in a_class.voter.sent:
        assert item.step.question.accept(sent) == item.step.guess
    assert a_class.attendance.bar(item)["detail"].startswith("Your first guess: ")


def test_nobody_votes_on_a_cold_explanation(a_class: Class) -> None:
    (question,) = [item.id for item in a_class.lesson.asked if item.kind == "explain"]
    a_class.at("open1", question)
    a_class.commits("Because of the weights.", question)
    assert a_class.voter.sent == [] and "neighbour" in a_class.line(question)
    assert "class" not in a_class.records()[-1]
    a_class.does("reveal", question)
    assert a_class.view(question)["state"] == "committed"
    a_class.at("revealed", question)
    a_class.does("reveal", question)
    assert a_class.view(question)["state"] == "observed"


# --- out of step --------------------------------------------------------------------------------------------------------------


def test_who_commits_before_the_vote_opens_votes_when_it_opens(a_class: Class) -> None:
    a_class.at("draft")
    a_class.commits()
    assert a_class.voter.sent == [] and a_class.line() == "Your guess goes in as your vote when the vote opens."
    a_class.at("open1")
    assert [number for _, number, _, _ in a_class.voter.sent] == [1]


def test_who_committed_before_the_class_votes_with_that(tmp_path: Path) -> None:
    lesson = opened(journal=Journal(tmp_path / "journal.jsonl"))
    lesson.handle(FIRST, {"event": "commit", "guess": a_guess(lesson.items[FIRST]), "confidence": 0})
    a_class = Class(tmp_path, lesson)
    a_class.at("open1")
    assert a_class.voter.sent == [(FIRST, 1, a_guess(a_class.item()), 0)]


def test_who_comes_after_the_close_keeps_the_guess_and_votes_in_round_two(a_class: Class) -> None:
    a_class.at("closed1")
    assert "A guess now is yours alone." in a_class.line()
    a_class.commits()
    assert a_class.voter.sent == [] and "class" not in a_class.records()[-1]
    a_class.at("open2")
    assert a_class.view()["state"] == "asked"
    a_class.commits(confidence=2)
    assert [number for _, number, _, _ in a_class.voter.sent] == [2]


def test_who_answers_first_in_round_two_votes_once_there(a_class: Class) -> None:
    a_class.at("open2")
    a_class.commits()
    assert [number for _, number, _, _ in a_class.voter.sent] == [2]
    assert a_class.view()["state"] == "committed"
    (record,) = a_class.records()
    assert (record["event"], record["class"], record["round"]) == ("commit", CODE, 2)


def test_who_did_not_vote_again_keeps_the_first_guess(a_class: Class, right_key: str) -> None:
    a_class.at("open1")
    a_class.commits(right_key)
    a_class.at("open2")
    a_class.at("closed2")
    assert a_class.view()["state"] == "committed" and a_class.view()["guess"]["key"] == right_key


def test_a_vote_that_came_too_late_goes_out_again_when_it_is_opened_again(a_class: Class) -> None:
    a_class.at("open1")
    a_class.commits()
    a_class.voter.ballots[FIRST, 1].state = "refused"
    a_class.voter.ballots[FIRST, 1].problem = "The vote is closed."
    a_class.attendance.hear()
    bar = a_class.attendance.bar(a_class.item())
    assert bar["line"] == "Your vote is not counted." and bar["problem"] == "The vote is closed."
    assert len(a_class.voter.sent) == 1
    a_class.at("closed1")
    a_class.at("open1")
    assert len(a_class.voter.sent) == 2


def test_a_question_that_was_revealed_before_sends_no_vote(tmp_path: Path) -> None:
    lesson = opened(journal=Journal(tmp_path / "journal.jsonl"))
    lesson.handle(FIRST, {"event": "commit", "guess": a_guess(lesson.items[FIRST]), "confidence": 0})
    lesson.handle(FIRST, {"event": "reveal"})
    a_class = Class(tmp_path, lesson)
    a_class.at("open1")
    assert a_class.voter.sent == [] and a_class.line().startswith("You revealed this one before")


def test_a_copy_that_asks_something_else_sends_no_vote(a_class: Class) -> None:
    a_class.at("open1", ask={**a_class.item().asked_view(), "stem": "<p>Something else?</p>"})
    a_class.commits()
    assert a_class.voter.sent == [] and a_class.line().startswith("Your copy of this lesson asks something else")


def test_another_answer_is_told_when_the_class_reveals(a_class: Class) -> None:
    a_class.at("open1")
    a_class.commits()
    a_class.at("revealed", poll={"hash": "000000000000"})
    assert a_class.line().startswith("Your copy of this lesson has another answer here")


def test_a_locked_question_opens_when_the_class_is_at_it_and_alone(a_class: Class) -> None:
    others = [item for item in a_class.lesson.asked if item.lock]
    assert a_class.item(SECOND) in others
    a_class.at("open1", SECOND)
    a_class.commits(question=SECOND)
    assert [poll for poll, *_ in a_class.voter.sent] == [SECOND]
    assert [item.id for item in others if not item.lock] == [SECOND]


def test_the_next_question_unseals_the_one_before(a_class: Class) -> None:
    a_class.at("open1")
    a_class.commits()
    a_class.at("draft", SECOND)
    assert "sealed" not in a_class.view() and a_class.attendance.bar(a_class.item()) is None
    assert a_class.drawn[-2:] in ([FIRST, SECOND], [SECOND, FIRST])


def test_hints_are_for_who_works_alone(a_class: Class) -> None:
    a_class.at("open1")
    a_class.does("hint")
    assert a_class.item().step.hints_shown == 0 and a_class.view()["hints"]["left"] == 0
    a_class.at("draft", SECOND)
    a_class.does("hint")
    assert a_class.item().step.hints_shown == 1


def test_a_page_cannot_vote_twice_by_itself(a_class: Class) -> None:
    a_class.at("open1")
    a_class.commits()
    for event in (
        {"event": "revote", "guess": "a", "confidence": 1},
        {"event": "class", "do": SAME},
        {"event": "class"},
    ):
        taken = a_class.attendance.take(a_class.item(), event)
        if taken is not None:
            a_class.lesson.handle(FIRST, taken)
    assert len(a_class.voter.sent) == 1 and [record["event"] for record in a_class.records()] == ["commit"]


def test_a_refused_second_guess_is_told_and_nothing_is_sent(a_class: Class) -> None:
    a_class.at("open1")
    a_class.commits()
    a_class.at("open2")
    a_class.does("commit", guess="nonsense", confidence=1)
    assert a_class.view()["problem"] and a_class.view()["state"] == "asked" and len(a_class.voter.sent) == 1


# --- restarts and the end -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", [True, False])
def test_a_kernel_that_restarts_goes_on(sent: bool, a_class: Class, tmp_path: Path) -> None:
    """What the server has is not sent again; what it never got is."""
    a_class.at("open1")
    a_class.commits()
    again = Class(tmp_path)
    if sent:
        again.voter.ballots[FIRST, 1] = Ballot(FIRST, 1, None, None, state="kept")
    again.at("open1")
    assert len(again.voter.sent) == (0 if sent else 1)
    assert again.view()["state"] == "committed"


def test_a_second_vote_stands_after_a_restart(a_class: Class, right_key: str, tmp_path: Path) -> None:
    a_class.at("open1")
    a_class.commits()
    a_class.at("open2")
    a_class.commits(right_key)
    again = Class(tmp_path)
    assert again.view()["guess"]["key"] == right_key
    again.lesson.handle(FIRST, {"event": "reveal"})
    assert again.item().view()["result"]["headline"] == "Right" and again.records()[-1]["right"] is False


def test_leaving_makes_the_lesson_the_learners_alone(a_class: Class) -> None:
    a_class.at("open1", SECOND)
    a_class.attendance.leave()
    assert a_class.item(SECOND).lock and a_class.attendance.bar(a_class.item(SECOND)) is None
    a_class.lesson.handle(FIRST, {"event": "commit", "guess": a_guess(a_class.item()), "confidence": 1})
    a_class.lesson.handle(FIRST, {"event": "reveal"})
    assert [(record["event"], "class" in record) for record in a_class.records()] == [
        ("commit", False),
        ("reveal", False),
    ]


def test_a_fault_says_how_to_go_on_without(a_class: Class) -> None:
    a_class.at("open1")
    a_class.voter.fault = "The class server: nobody answers."
    a_class.attendance.hear()
    assert a_class.attendance.bar(a_class.item())["problem"].endswith("run lesson.leave().")


def test_a_break_and_the_shares(a_class: Class) -> None:
    a_class.at("closed1", paused=True)
    assert a_class.line() == "The class has a break."
    a_class.at("open1", paused=False)
    a_class.commits()
    shares = {
        "kind": "options",
        "first": 9,
        "second": None,
        "options": [{"key": "a", "text": "A", "first": 0.5, "second": None}],
    }
    a_class.at("shown", shares=shares)
    bar = a_class.attendance.bar(a_class.item())
    assert bar["shares"] == shares and bar["mine"] == {"1": {"key": a_guess(a_class.item())}}


# --- what reads the record --------------------------------------------------------------------------------------------------------


def without_class(journal: Journal) -> list[dict[str, Any]]:
    """The same record as if there had been no class."""
    kept = [
        {key: value for key, value in record.items() if key not in ("class", "round")} for record in journal.records()
    ]
    return [record for record in kept if record["event"] != "revote"]


def test_review_score_and_report_read_on(a_class: Class, right_key: str, tmp_path: Path) -> None:
    a_class.at("open1")
    a_class.commits(confidence=2)
    a_class.at("open2")
    a_class.commits(right_key, confidence=2)
    a_class.at("revealed")
    a_class.does("reveal")
    alone = Journal(tmp_path / "alone.jsonl")
    for record in without_class(a_class.journal):
        alone.append(record)
    pair = a_class.journal, alone
    assert len({str(summarise(journal.attempts())) for journal in pair}) == 1
    in_class, solo = (learner_report(journal.events())["lessons"][LESSON] for journal in pair)
    assert {**in_class, "minutes": 0} == {**solo, "minutes": 0}
    (attempt,) = a_class.journal.attempts()
    assert attempt.right is False and attempt.certain_miss and attempt.commit is not None and attempt.revote is not None
    assert (attempt.commit.in_class, attempt.commit.round) == (CODE, 1)
    assert (attempt.revote.in_class, attempt.revote.round, attempt.revote.guess) == (CODE, 2, {"key": right_key})


def test_a_review_card_of_a_class_question_is_the_same_card(a_class: Class, right_key: str) -> None:
    from lessonlib.review.deck import Review
    from lessonlib.show.blocks import BLOCKS

    a_class.at("open1")
    a_class.commits(confidence=2)
    a_class.at("open2")
    a_class.commits(right_key, confidence=2)
    a_class.at("revealed")
    a_class.does("reveal")
    (card,) = [card for card in Review(a_class.lesson.lab, a_class.journal, BLOCKS).deck() if card.item.id == FIRST]
    assert card.certain_miss and len(card.answers) == 1


@pytest.fixture
def events() -> Callable[..., list[dict[str, Any]]]:
    address = {"v": 1, "lesson": "x", "question": "q", "hash": "h", "lab": "l"}
    return lambda *found: [{**address, **each} for each in found]


def test_a_second_vote_alone_or_after_the_reveal_counts_for_nothing(
    events: Callable[..., list[dict[str, Any]]],
) -> None:
    from lessonlib.record.attempts import attempts_of
    from lessonlib.record.event import events_of

    revote = {"event": "revote", "round": 2, "guess": {"key": "b"}, "confidence": 1}
    commit, reveal = {"event": "commit", "guess": {"key": "a"}}, {"event": "reveal", "right": True}
    assert attempts_of(events_of(events(revote))) == []
    (late,) = attempts_of(events_of(events(commit, reveal, revote)))
    assert late.revote is None and late.right is True and len(late.events) == 2
    (twice,) = attempts_of(events_of(events(commit, revote, {**revote, "guess": {"key": "c"}}, reveal)))
    assert twice.revote is not None and twice.revote.guess == {"key": "c"} and len(twice.events) == 4


@pytest.mark.parametrize(
    ("round_", "found"), [(1, 1), (2, 2), (3, None), (True, None), ("2", None), (None, None), (1.0, None)]
)
def test_a_round_of_any_record(round_: Any, found: int | None, events: Callable[..., list[dict[str, Any]]]) -> None:
    from lessonlib.record.event import events_of

    (event,) = events_of(events({"event": "revote", "round": round_, "class": 7}))
    assert event.round == found and event.in_class is None
