"""How long a lesson takes, by one formula for all of them, and its budget."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lessonlib.lesson.items import StepItem
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.words import markdown, plain

_WORDS_A_MINUTE = 170
#: seconds of what is done, not read
_EXAM_SECONDS = {"settings": 240, "choice": 60}
_FORECAST_SECONDS = 120
_SEALED_SECONDS = 60
_SECONDS = {
    "predict": 50,
    "recall": 30,
    "blanks": 30,
    "explore": 120,
    "explain": 60,
    "write": 180,
    "monitor": 60,
    "timeline": 60,
    "fleet": 60,
    "manifest": 30,
}
#: what is closed until somebody wants it
_MORE = re.compile(r'<details class="ll-more">.*?</details>', re.DOTALL)


Entry = dict[str, Any]


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
    """Words, predictions and minutes of a lesson up to its epilogue, without its exam and its case.

    Minutes are words / 170 + 50 s a prediction + 30 s a recall or a text with gaps + 2 min an explorer + 1 min a cold
    explanation + 1 min a monitor, a timeline or a fleet + 30 s a manifest + 3 min a function of one's own.
    """
    return _count(lesson, _parts(lesson)[0])


def minutes_of(lesson: Lesson, item_id: str) -> float:
    """The minutes of one item of a lesson, by the same formula."""
    found = [entry for entry in lesson.raw["steps"] if isinstance(body := _body(entry), dict) and body["id"] == item_id]
    return _count(lesson, found).minutes


def _body(entry: Entry) -> Any:
    return next(iter(entry.values()))


def epilogue_budget(lesson: Lesson) -> Budget | None:
    """The same of its epilogue; None where there is none."""
    after = _parts(lesson)[1]
    return _count(lesson, after) if after else None


def case_budget(lesson: Lesson) -> Budget | None:
    """The same of its case; None where there is none."""
    entries = case_entries(lesson.raw["steps"])
    return _count(lesson, entries) if entries else None


def case_entries(entries: Sequence[Entry]) -> list[Entry]:
    """The entries of a lesson's case: from the one that opens it to the one that its `until` names, both included."""
    start = next((index for index, entry in enumerate(entries) if "case" in entry), len(entries))
    if start == len(entries):
        return []
    until = entries[start]["case"]["until"]
    ids = [body["id"] if isinstance(body := next(iter(entry.values())), dict) else "" for entry in entries[start:]]
    return list(entries[start : start + ids.index(until) + 1]) if until in ids else list(entries[start:])


def exam_budget(lesson: Lesson) -> Budget | None:
    """The same of its exam, whose forecasts take two minutes each, a line of settings with its forecasts four, a choice one; of an inventory, a minute each; None where there is none."""
    entries = [entry for entry in lesson.raw["steps"] if _of_exam(entry)]
    if not entries:
        return None
    words = _words(lesson, entries)
    seconds = sum(_exam_seconds(entry["predict"]) for entry in entries)
    return Budget(words, len(entries), words / _WORDS_A_MINUTE + seconds / 60)


def _exam_seconds(body: Entry) -> int:
    return _SEALED_SECONDS if body.get("sealed") else _EXAM_SECONDS.get(body["kind"], _FORECAST_SECONDS)


def _of_exam(entry: Entry) -> bool:
    return bool(isinstance(body := entry.get("predict"), dict) and (body.get("exam") or body.get("sealed")))


def _parts(lesson: Lesson) -> tuple[list[Entry], list[Entry]]:
    """The entries of the lesson without its exam and its case, and those of its epilogue. The closing panel is the lesson's."""
    case = case_entries(lesson.raw["steps"])
    entries: list[Entry] = [entry for entry in lesson.raw["steps"] if not _of_exam(entry) and entry not in case]
    start = next((index for index, entry in enumerate(entries) if "epilogue" in entry), len(entries))
    closing = [entry for entry in entries[start:] if "closing" in entry]
    return entries[:start] + closing, [entry for entry in entries[start:] if entry not in closing]


def words_read(html: str) -> int:
    """Words of a rendered text, without what is closed until somebody wants it."""
    return len(plain(_MORE.sub(" ", html)).split())


def _count(lesson: Lesson, entries: list[Entry]) -> Budget:
    words = _words(lesson, entries)
    kinds = [next(iter(entry)) for entry in entries]
    seconds = sum(_SECONDS.get(kind, 0) for kind in kinds)
    return Budget(words, kinds.count("predict"), words / _WORDS_A_MINUTE + seconds / 60)


def _words(lesson: Lesson, entries: list[Entry]) -> int:
    return sum(words_read(text) for text in _read(lesson, entries))


def _read(lesson: Lesson, entries: list[Entry]) -> Iterator[str]:
    """Every text that a learner reads, rendered."""
    for entry in entries:
        kind, body = next(iter(entry.items()))
        if kind == "text":
            yield markdown(body)
            continue
        item = lesson.items[body["id"]]
        if isinstance(item, StepItem):
            yield from _of_question(item)
        elif kind in ("sources", "closing"):
            yield from (
                f"{source['title']} {source['by']} {source['says']}" for source in lesson.raw["sources"].values()
            )
        elif {"text", "caption", "stem"} & set(body):
            yield lesson.words.html(body.get("text") or body.get("caption") or body["stem"], body["id"])


def _of_question(item: StepItem) -> Iterator[str]:
    question = item.step.question
    yield question.stem()
    yield from question.hints()
    if question.kind == "choice":
        yield from (option["html"] for option in question.ask()["options"])
    if question.only_kept:
        return
    result = question.result(question.accept(question.right()))
    yield from (result.get("feedback", ""), question.reveal(), question.explanation(), result.get("answer", ""))
    yield from result.get("checklist", ())
    observe = question.observe()
    if observe:
        yield from (observe["ask"], observe["note"], *(option["html"] for option in observe["options"]))
