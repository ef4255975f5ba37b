"""Votes judged as a lesson judges guesses: the lesson is opened on the class's lab, and each kind says what a guess is worth."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from lessonlib.base.errors import LessonlibError, shown
from lessonlib.classroom.report.rows import ClassRows, Poll, Vote, by_poll
from lessonlib.lesson.guess import GuessError
from lessonlib.lesson.items import StepItem
from lessonlib.lesson.kinds.curve import Curve
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.question import Question
from lessonlib.lesson.source import lesson_names
from lessonlib.lesson.words import plain
from lessonlib.roofline import Lab, lab_names, load_lab

#: (lesson, lab) -> the lesson on that lab. Raises LessonlibError where it does not open.
Opener = Callable[[str, str], Lesson]


class Lessons:
    """Opens each lesson once on each lab, when a poll first asks for it; a lesson that does not open is not tried again.

    ``own``: the file of a lesson of one's own, by its name; ``lab``: a lab of one's own, taken for the one of its name.
    """

    def __init__(self, own: Mapping[str, str] | None = None, lab: Lab | None = None) -> None:
        self._own, self._lab = own or {}, lab
        self._open: dict[tuple[str, str], Lesson | LessonlibError] = {}

    def __call__(self, name: str, lab: str) -> Lesson:
        """The lesson on the lab of that name. Raises LessonlibError, in one line, where it does not open."""
        if (name, lab) not in self._open:
            try:
                self._open[name, lab] = Lesson(self._file_of(name), self._lab_of(lab))
            except LessonlibError as error:
                self._open[name, lab] = error
        found = self._open[name, lab]
        if isinstance(found, LessonlibError):
            raise found
        return found

    def _file_of(self, name: str) -> str:
        if name not in self._own and name not in lesson_names():
            raise LessonlibError(f"the lesson {shown(name)} is not one of the course's")
        return self._own.get(name, name)

    def _lab_of(self, name: str) -> Lab:
        if self._lab is not None and self._lab.name == name:
            return self._lab
        if name not in lab_names():
            raise LessonlibError(f"the lab {shown(name)} is not one of the course's")
        return load_lab(name)


class Judged(NamedTuple):
    """A vote and what it is worth. right: None where the kind of question is not judged. factor: guess over truth (of a curve:
    by which factor it is off). missed: the judged features of a curve that differ, each as (feature, "steeper" or "flatter").
    """

    voter: Any
    round: int
    confidence: int | None
    guess: Mapping[str, Any]
    right: bool | None
    factor: float | None = None
    misconception: str | None = None
    held: bool | None = None
    missed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Asked:
    """A poll with its question as it is worded today. question: None where that cannot be judged by, and then ``why`` says it."""

    poll: Poll
    title: str
    question: Question | None
    why: str = ""

    @property
    def concepts(self) -> Sequence[str]:
        """The ids of the ideas that it is about."""
        return tuple(self.question.raw.get("concepts", ())) if self.question else ()

    def stem(self) -> str:
        """What is asked, as plain text."""
        return plain(self.question.stem()) if self.question else ""


def asked(poll: Poll, lessons: Opener) -> Asked:
    """The question of a poll, if it is worded today as it was when it was put to the class."""
    try:
        lesson = lessons(poll.lesson, poll.lab)
        item = lesson.items.get(poll.question)
        if not isinstance(item, StepItem):
            return Asked(poll, poll.question, None, "the lesson has no such question any more")
        question = item.step.question
        if question.asked_hash() != poll.hash:
            return Asked(
                poll, _short(item.title), None, "the question is worded otherwise today, or its answer is another"
            )
    except LessonlibError as error:
        return Asked(poll, poll.question, None, f"it cannot be opened: {error}")
    return Asked(poll, _short(item.title), question)


def _short(title: str) -> str:
    """A panel's title without what it asks to do: "Step 3" of "Step 3 · predict, then reveal"."""
    return title.split(" · ", maxsplit=1)[0]


def judged(question: Question, votes: Sequence[Vote]) -> list[Judged]:
    """The votes that the question can read, each with what it is worth. Many voters send the same guess: it is judged once."""
    known: dict[str, Judged | None] = {}
    found = []
    for vote in votes:
        key = json.dumps(vote.guess, sort_keys=True, default=str)
        if key not in known:
            known[key] = _judge(question, vote)
        one = known[key]
        if one is not None:
            found.append(one._replace(voter=vote.voter, round=vote.round, confidence=vote.confidence))
    return found


def _judge(question: Question, vote: Vote) -> Judged | None:
    """What the guess of a vote is worth; None if the question refuses it. A kept guess is taken as its panel would send it."""
    try:
        guess = question.accept(question.as_given(vote.guess) if isinstance(vote.guess, dict) else vote.guess)
    except GuessError:
        return None
    score = question.score(guess)
    return Judged(
        vote.voter,
        vote.round,
        vote.confidence,
        guess,
        score.get("right"),
        score.get("factor"),
        score.get("misconception"),
        score.get("held"),
        _missed(question, guess) if isinstance(question, Curve) else (),
    )


def _missed(question: Curve, guess: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Which features of a drawn curve differ, and to which side, as the curve's own result says it."""
    said = set(question.result(dict(guess))["missed"])
    return tuple(
        (feature["name"], side)
        for feature in question.raw["features"]
        for side in ("steeper", "flatter")
        if question.inline(feature[side], "feature") in said
    )


@dataclass(frozen=True)
class Answered:
    """A question of a class and what its votes were worth. sent: how many votes count in each round, those that cannot be
    read among them.
    """

    asked: Asked
    votes: Sequence[Judged]
    sent: tuple[int, int]

    def round(self, number: int) -> list[Judged]:
        """The votes of one round."""
        return [vote for vote in self.votes if vote.round == number]


def answered(rows: ClassRows, lessons: Opener | None = None) -> list[Answered]:
    """Each question that anybody voted on, in the order in which they were put, with its votes judged."""
    lessons = lessons or Lessons()
    votes = by_poll(rows)
    return [_answered(asked(poll, lessons), votes[poll.id]) for poll in rows.polls if votes[poll.id]]


def _answered(one: Asked, votes: Sequence[Vote]) -> Answered:
    first = sum(vote.round == 1 for vote in votes)
    return Answered(one, judged(one.question, votes) if one.question else [], (first, len(votes) - first))
