"""How long a lesson takes, by one formula for all of them, and its budget."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lessonlib.build.lint.finding import Found, rule
from lessonlib.build.lint.shape import items
from lessonlib.lesson.items import StepItem
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.words import markdown, plain

MOST_WORDS, MOST_PREDICTIONS = 2200, 9
_WORDS_A_MINUTE = 170
#: seconds of what is done, not read
_SECONDS = {"predict": 50, "recall": 30, "blanks": 30, "explore": 120, "explain": 60}


@dataclass(frozen=True)
class Budget:
    """What a learner reads who answers everything right, hints and sources included, and what that takes."""

    words: int
    predictions: int
    minutes: float

    def __str__(self) -> str:
        many = f"{self.predictions} prediction{'s' * (self.predictions != 1)}"
        return f"{self.words:,} words, {many}, {self.minutes:.0f} minutes"


def budget(lesson: Lesson) -> Budget:
    """Words, predictions and minutes of a lesson: words / 170 + 50 s a prediction + 30 s a recall or a text with gaps + 2 min an explorer + 1 min a cold explanation."""
    words = sum(len(plain(text).split()) for text in _read(lesson))
    kinds = [kind for kind, _ in items(lesson.raw)]
    seconds = sum(_SECONDS.get(kind, 0) for kind in kinds)
    return Budget(words, kinds.count("predict"), words / _WORDS_A_MINUTE + seconds / 60)


@rule("default lab", "budget", coming=True)
def within_budget(lesson: Lesson) -> Iterator[Found]:
    """A lesson has at most 2,200 words to read and 9 predictions, quiz and transfers counted."""
    found = budget(lesson)
    if found.words > MOST_WORDS:
        yield Found(
            ("steps",),
            f"{found.words:,} words to read; at most {MOST_WORDS:,}: take out what no later step needs",
        )
    if found.predictions > MOST_PREDICTIONS:
        yield Found(
            ("steps",),
            f"{found.predictions} predictions, quiz and transfers counted; at most {MOST_PREDICTIONS}: keep those that surprise",
        )


def _read(lesson: Lesson) -> Iterator[str]:
    """Every text that a learner reads, rendered."""
    for entry in lesson.raw["steps"]:
        kind, body = next(iter(entry.items()))
        if kind == "text":
            yield markdown(body)
            continue
        item = lesson.items[body["id"]]
        if isinstance(item, StepItem):
            yield from _of_question(item)
        elif kind == "sources":
            yield from (
                f"{source['title']} {source['by']} {source['says']}" for source in lesson.raw["sources"].values()
            )
        elif "text" in body or "caption" in body:
            yield lesson.words.html(body.get("text") or body["caption"], body["id"])


def _of_question(item: StepItem) -> Iterator[str]:
    question = item.step.question
    yield question.stem()
    yield from question.hints()
    if question.kind == "choice":
        yield from (option["html"] for option in question.ask()["options"])
    if question.kind == "note":
        return
    result = question.result(question.accept(question.right()))
    yield from (result.get("feedback", ""), question.reveal(), question.explanation(), result.get("answer", ""))
    yield from result.get("checklist", ())
    observe = question.observe()
    if observe:
        yield from (observe["ask"], observe["note"], *(option["html"] for option in observe["options"]))
